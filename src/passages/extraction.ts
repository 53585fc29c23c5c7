// Text out of PDF and DOCX files, on a thread that can be stopped: a file must not take hours or all memory.
import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { startThread } from "../../base/thread.ts";
import { endingOf } from "./format.ts";

export interface ExtractionQuestion {
  readonly ending: string;
  readonly bytes: Uint8Array;
}

export type ExtractionReply = { readonly text: string } | { readonly reason: string };

/** For one file. */
const limits = {
  seconds: 120,
  /** Of the thread's heap, and of what the whole process grows by meanwhile: buffers are on no heap. */
  mebibytes: 1024,
} as const;

const watchMilliseconds = 100;

export function isExtracted(path: string): boolean {
  return [".pdf", ".docx"].includes(endingOf(path));
}

/** One file after the other. The thread is started for the first one. */
export class Extraction {
  #thread: Worker | undefined;

  /** Fails with an error whose message says why there is no text. */
  async textOf(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    this.#thread ??= this.#start();
    const question: ExtractionQuestion = { ending: endingOf(path), bytes };
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    const watch = watchLimits((reason) => stop.abort(new Error(reason)));
    try {
      this.#thread.postMessage(question);
      const [reply] = await once(this.#thread, "message", { signal: stop.signal });
      return textIn(reply as ExtractionReply);
    } catch (error) {
      // A reason that the thread has given is the file's; after anything else the thread is of no use.
      if (!(error instanceof NoText)) await this.close();
      throw stop.signal.aborted ? stop.signal.reason : explained(error as NodeJS.ErrnoException);
    } finally {
      clearInterval(watch);
      signal?.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  #start(): Worker {
    const thread = startThread(["src", "passages", "extraction_thread"], {
      // What the libraries print is not for this process's output.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: limits.mebibytes },
    });
    thread.stdout.resume();
    thread.stderr.resume();
    // Whoever waits is told. One that ends by itself is not asked again.
    thread.on("error", () => {});
    thread.on("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}

class NoText extends Error {}

function textIn(reply: ExtractionReply): string {
  if ("reason" in reply) throw new NoText(reply.reason);
  return reply.text;
}

function watchLimits(onPassed: (reason: string) => void): NodeJS.Timeout {
  const since = performance.now();
  const before = process.memoryUsage.rss();
  return setInterval(() => {
    const grown = process.memoryUsage.rss() - before;
    if (grown > limits.mebibytes * 1024 * 1024) onPassed(tooMuch);
    if (performance.now() - since > limits.seconds * 1000) {
      onPassed(`takes more than ${limits.seconds} seconds to read`);
    }
  }, watchMilliseconds);
}

const tooMuch = `takes more than ${limits.mebibytes} MiB of memory to read`;

function explained(error: NodeJS.ErrnoException): Error {
  return error.code === "ERR_WORKER_OUT_OF_MEMORY" ? new Error(tooMuch) : error;
}
