// Vercel's AI SDK: the embedder as an embedding model, for `embed` and `embedMany`.
import { checkEmbed, type EmbedOptions } from "../embed_options.ts";
import type { Embedder } from "../embedder.ts";
import { modelName } from "../gate_info.ts";

/** What is read of a call; versions 3 and 4 of the interface have it alike, but for `dimensions`, which is new in 4. */
export interface EmbedCall {
  readonly values: readonly string[];
  readonly dimensions?: number;
  readonly abortSignal?: AbortSignal;
  /** `qrag: { as: "query" }` for questions, and the other options of `embed`. */
  readonly providerOptions?: {
    readonly [provider: string]: { readonly [name: string]: unknown } | undefined;
  };
}

export interface EmbedResult {
  embeddings: number[][];
  usage: { tokens: number };
  warnings: [];
}

export interface QragEmbeddingModel<Version extends "v3" | "v4"> {
  readonly specificationVersion: Version;
  readonly provider: "qrag";
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: undefined;
  readonly supportsParallelCalls: true;
  doEmbed(call: EmbedCall): Promise<EmbedResult>;
}

/** `version`: of the interface; AI SDK 6 and 7 take "v3", 7 prefers "v4". Texts are passages unless a call says otherwise. */
export function qragEmbeddingModel<Version extends "v3" | "v4" = "v3">(
  embedder: Pick<Embedder, "stream" | "info">,
  version: Version = "v3" as Version,
): QragEmbeddingModel<Version> {
  return {
    specificationVersion: version,
    provider: "qrag",
    modelId: modelName(embedder.info),
    maxEmbeddingsPerCall: undefined,
    supportsParallelCalls: true,
    async doEmbed({ values, dimensions, abortSignal: signal, providerOptions }) {
      const given: EmbedOptions = checkEmbed(providerOptions?.qrag, embedder.info.dimensions);
      const embeddings: number[][] = [];
      let tokens = 0;
      const options = { ...(dimensions !== undefined && { dimensions }), ...given, signal };
      for await (const embedded of embedder.stream(values, options)) {
        embeddings.push(Array.from(embedded.vector));
        tokens += embedded.tokens;
      }
      return { embeddings, usage: { tokens }, warnings: [] };
    },
  };
}
