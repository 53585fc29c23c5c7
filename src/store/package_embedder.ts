// The embedding model that comes with the package, as a store has it by default: loaded when the first text comes.
import { QragError } from "../../base/errors.ts";
import type { Embedder } from "../embedder.ts";
import { loadEmbedder } from "../load_embedder.ts";
import { modelPath, shippedEmbedder } from "../model/files.ts";
import type { StoreEmbedder } from "./models.ts";
import type { VectorModel } from "./settings.ts";

export class PackageEmbedder implements StoreEmbedder {
  readonly info = {
    path: modelPath(undefined, shippedEmbedder),
    name: shippedEmbedder.name,
    dimensions: shippedEmbedder.dimensions,
    contextLength: shippedEmbedder.contextLength,
  };
  /** Known without a look at the file, which is compared when it is loaded. */
  readonly model: VectorModel = {
    digest: shippedEmbedder.sha256,
    name: shippedEmbedder.name,
    dimensions: shippedEmbedder.dimensions,
  };
  #loaded: Promise<Embedder> | undefined;
  #disposed = false;

  async embed(...texts: Parameters<Embedder["embed"]>): Promise<Float32Array[]> {
    if (this.#disposed) throw new QragError("DISPOSED", "The store was disposed");
    this.#loaded ??= loadEmbedder().catch((error) => {
      // It may work the next time.
      this.#loaded = undefined;
      throw error;
    });
    return (await this.#loaded).embed(...texts);
  }

  /** May be called twice. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    // Whoever waited for a model that could not be loaded has been told.
    const embedder = await this.#loaded?.catch(() => undefined);
    await embedder?.dispose();
  }
}
