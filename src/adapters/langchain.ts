// The public names of qrag/langchain.
export { GateCompressor, type GateCompressorOptions } from "./langchain_compressor.ts";
export {
  QragEmbeddings,
  type QragEmbeddingsOptions,
} from "./langchain_embeddings.ts";
export { QragRetriever, type QragRetrieverOptions } from "./langchain_retriever.ts";
