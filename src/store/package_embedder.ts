// The embedding model that comes with the package, as a store has it by default.
import { LazyEmbedder } from "../lazy_embedder.ts";
import { loadEmbedder } from "../load_embedder.ts";
import { modelPath, shippedEmbedder } from "../model/files.ts";
import type { StoreEmbedder } from "./models.ts";
import type { VectorModel } from "./settings.ts";

export class PackageEmbedder extends LazyEmbedder implements StoreEmbedder {
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

  constructor() {
    super(() => loadEmbedder());
  }
}
