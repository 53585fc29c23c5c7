// SQLite's thread as its owner sees it: a promise for each operation, so that the event loop never waits for the disk.
import { QragError } from "../../base/errors.ts";
import { startThread } from "../../base/thread.ts";
import type { OperationName, Operations, Question, Reply } from "./protocol.ts";

type Result<N extends OperationName> = Awaited<ReturnType<Operations[N]>>;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class StoreThread {
  readonly #worker = startThread(["src", "store", "worker"]);
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: QragError | undefined;

  constructor() {
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) => {
      const memory = (cause as { code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY";
      const code = memory ? "OUT_OF_MEMORY" : "INTERNAL";
      this.#end(new QragError(code, `The store's thread has failed: ${cause.message}`, { cause }));
    });
    this.#worker.on("exit", () => this.#end(closed()));
  }

  /** Only what is on its way keeps the process alive. Arguments that are large matrices can be handed over. */
  async call<N extends OperationName>(
    name: N,
    values: Parameters<Operations[N]>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Result<N>> {
    if (this.#ended) throw this.#ended;
    const id = ++this.#lastId;
    const question: Question = { id, name, values };
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#worker.ref();
    this.#worker.postMessage(question, handedOver);
    return (await reply) as Result<N>;
  }

  /** What was asked before is done first. May be called twice. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const exit = new Promise((resolve) => this.#worker.once("exit", resolve));
    await this.call("close", []).catch(() => {});
    this.#ended ??= closed();
    this.#worker.ref();
    await exit;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("value" in reply) waiting?.resolve(reply.value);
    else waiting?.reject(new QragError(reply.failure.code, reply.failure.message));
  }

  #end(error: QragError): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function closed(): QragError {
  return new QragError("DISPOSED", "The store has been closed");
}
