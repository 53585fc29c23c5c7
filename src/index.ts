// The public names of qrag.
export { type ErrorCode, errorCodes, QragError } from "../base/errors.ts";
export type { Progress } from "../base/progress.ts";
export type { Budget } from "./answer/budget.ts";
export {
  type ChatSession,
  type ChatSessionOptions,
  chatSessionGenerator,
} from "./answer/chat_session.ts";
export {
  type Dropped,
  type DropReason,
  type GatedAnswer,
  gatedAnswer,
} from "./answer/gated_answer.ts";
export { type OpenAiOptions, openAiGenerator } from "./answer/openai.ts";
export type {
  AnswerOptions,
  Evidence,
  Generate,
  Retrieve,
  RetrieveOptions,
} from "./answer/options.ts";
export { evidencePrompt, type Prompt } from "./answer/prompt.ts";
export type { EmbedOptions, LoadEmbedderOptions, LongTexts } from "./embed_options.ts";
export { type Embedded, type Embedder, type EmbedderInfo, similarity } from "./embedder.ts";
export type { Gate, Ranked } from "./gate.ts";
export type { DecisionToken, GateInfo } from "./gate_info.ts";
export type { Passage } from "./given.ts";
export { loadGate } from "./load.ts";
export { loadEmbedder } from "./load_embedder.ts";
export type {
  FilterOptions,
  Gpu,
  JudgeAllOptions,
  JudgeOptions,
  LoadOptions,
  RankOptions,
} from "./options.ts";
export type { RefusalReason } from "./refusal/refusal.ts";
export type { Verdict } from "./verdict.ts";
export type { Span } from "./windows.ts";
