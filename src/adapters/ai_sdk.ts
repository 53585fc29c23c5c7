// The public names of qrag/ai-sdk.
export {
  type EmbedCall,
  type EmbedResult,
  type QragEmbeddingModel,
  qragEmbeddingModel,
} from "./ai_sdk_embedding.ts";
export {
  type GateRerankingModel,
  gateRerankingModel,
  type RerankCall,
  type RerankResult,
} from "./ai_sdk_reranking.ts";
