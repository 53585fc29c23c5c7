// An embedding model that is loaded when the first text comes.
import { QragError } from "../base/errors.ts";
import { orAborted } from "../base/or_aborted.ts";
import type { Embedder } from "./embedder.ts";

export class LazyEmbedder {
  readonly #load: () => Promise<Embedder>;
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
    // Others may wait for the same load: it goes on where one of them gives up.
    const embedder = await orAborted(texts[1]?.signal, () => this.#loaded!);
    return embedder.embed(...texts);
  }

  /** May be called twice. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    // Whoever waited for a model that could not be loaded has been told.
    const embedder = await this.#loaded?.catch(() => undefined);
    await embedder?.dispose();
  }
}
