// The public names of qrag/store.
export type { Citation, StoreAnswer, StoreAnswerOptions } from "./answer.ts";
export type { Documents, StoreDocument } from "./documents.ts";
export type { Filter, MetadataValue } from "./filter.ts";
export type { Weights } from "./fuse.ts";
export type { Explanation, Hit } from "./hits.ts";
export type { StoreEmbedder, StoreGate } from "./models.ts";
export { openStore } from "./open.ts";
export type {
  AddOptions,
  AddProgress,
  OpenStoreOptions,
  ReembedOptions,
  SearchOptions,
} from "./options.ts";
export type { StoredDocument, StoredPassage, StoreStats } from "./read.ts";
export type { SearchMode } from "./search.ts";
export type { Store } from "./store.ts";
export type { Verification } from "./verify.ts";
export type { Written } from "./write.ts";
