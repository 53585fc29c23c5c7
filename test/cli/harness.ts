// Runs the command line inside the test: streams are buffers, and the gate is made up.
import { Readable, Writable } from "node:stream";
import type { Io } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import { FakeModel, fakeGate } from "../src/fakes.ts";

/** Margin 1 if every word of the query is in the passage, else -1; longer passages a little less. */
export function wordsMargin(prompt: string): number {
  const [query = "", passage = ""] = prompt.split("|", 2);
  const found = query.split(" ").every((word) => passage.includes(word));
  return (found ? 1 : -1) - prompt.length / 1000;
}

export interface Setting {
  readonly stdin?: string | Uint8Array | Readable;
  readonly env?: Record<string, string>;
  readonly terminal?: boolean;
  /** Of the terminal. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
  readonly loadGate?: Io["loadGate"];
}

class Sink extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly chunks: Buffer[] = [];

  constructor(isTTY: boolean, columns: number) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // What wrote it may reuse its memory.
    this.chunks.push(Buffer.from(chunk));
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly bytes: Uint8Array;
  readonly err: string;
  readonly model: FakeModel;
  /** What loadGate was given. */
  readonly loads: readonly Parameters<Io["loadGate"]>[];
}

export async function qrag(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const { stdin = "", env = {}, terminal = false, columns = 120 } = setting;
  const { signal = new AbortController().signal } = setting;
  const stdout = new Sink(terminal, columns);
  const stderr = new Sink(terminal, columns);
  const model = new FakeModel(wordsMargin);
  const loads: Parameters<Io["loadGate"]>[] = [];
  const exitCode = await run(args, {
    stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr,
    env,
    signal,
    async loadGate(path, options) {
      loads.push([path, options]);
      return setting.loadGate ? setting.loadGate(path, options) : fakeGate({ model });
    },
  });
  const { bytes } = stdout;
  return { exitCode, out: bytes.toString(), bytes, err: stderr.bytes.toString(), model, loads };
}
