// LangChain.js: the embedder as its Embeddings, for vector stores.
import { Embeddings } from "@langchain/core/embeddings";
import { checkEmbed, type EmbedOptions } from "../embed_options.ts";
import type { Embedder } from "../embedder.ts";

/** For all texts alike. */
export type QragEmbeddingsOptions = Pick<EmbedOptions, "long" | "dimensions" | "normalize">;

/** Documents are embedded as passages, queries as queries. The embedder stays the caller's, who disposes it. */
export class QragEmbeddings extends Embeddings {
  readonly #embedder: Pick<Embedder, "embed" | "info">;
  readonly #options: QragEmbeddingsOptions;

  constructor(embedder: Pick<Embedder, "embed" | "info">, options?: QragEmbeddingsOptions) {
    super({});
    this.#embedder = embedder;
    this.#options = checkEmbed(options, embedder.info.dimensions);
  }

  async embedDocuments(documents: string[]): Promise<number[][]> {
    const vectors = await this.#embedder.embed(documents, { ...this.#options, as: "passage" });
    return vectors.map((vector) => Array.from(vector));
  }

  async embedQuery(document: string): Promise<number[]> {
    const [vector] = await this.#embedder.embed([document], { ...this.#options, as: "query" });
    return Array.from(vector!);
  }
}
