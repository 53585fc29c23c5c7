// An embedding model that is loaded when the first text comes.
import { Aborts } from "../base/aborts.ts";
import { QragError } from "../base/errors.ts";
import type { Embedder } from "./embedder.ts";

export class LazyEmbedder {
  readonly #load: () => Promise<Embedder>;
  readonly #aborts = new Aborts();
  #loaded: Promise<Embedder> | undefined;
  #disposed = false;

  constructor(load: () => Promise<Embedder>) {
    this.#load = load;
  }

  async embed(...texts: Parameters<Embedder["embed"]>): Promise<Float32Array[]> {
    if (this.#disposed) {
      throw new QragError("DISPOSED", "The embedder was disposed with what it belongs to");
    }
    this.#loaded ??= this.#load().catch((error) => {
      // It may work the next time.
      this.#loaded = undefined;
      throw error;
    });
    const embedder = await this.#orAborted(this.#loaded, texts[1]?.signal);
    return embedder.embed(...texts);
  }

  /** May be called twice. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    // Whoever waited for a model that could not be loaded has been told.
    const embedder = await this.#loaded?.catch(() => undefined);
    await embedder?.dispose();
  }

  /** Others may wait for the same load: it goes on where one of them gives up. */
  async #orAborted(loaded: Promise<Embedder>, signal: AbortSignal | undefined): Promise<Embedder> {
    if (!signal) return loaded;
    signal.throwIfAborted();
    const entry = { fail: (_reason: unknown) => {} };
    const aborted = new Promise<never>((_, reject) => {
      entry.fail = reject;
    });
    this.#aborts.add(signal, entry);
    try {
      return await Promise.race([loaded, aborted]);
    } finally {
      this.#aborts.delete(signal, entry);
    }
  }
}
