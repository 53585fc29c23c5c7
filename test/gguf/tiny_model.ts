// A tiny model's description, and short ways to write metadata values.
import type { Decision, Hyperparameters, NewModel } from "../../gguf/architecture.ts";
import type { MetadataValue } from "../../gguf/format.ts";
import { defaultSystem, defaultTemplate } from "../../gguf/prompt.ts";

export const f32 = (value: number): MetadataValue => ({ type: "f32", value });
export const u32 = (value: number): MetadataValue => ({ type: "u32", value });
export const text = (value: string): MetadataValue => ({ type: "string", value });
export const texts = (...value: string[]): MetadataValue => ({
  type: "array",
  of: "string",
  value,
});
export const i32s = (...value: number[]): MetadataValue => ({ type: "array", of: "i32", value });

export const numbers: Hyperparameters = {
  contextLength: 128,
  embeddingLength: 64,
  blockCount: 2,
  feedForwardLength: 96,
  headCount: 4,
  headCountKv: 2,
  keyLength: 32,
  ropeDimensionCount: 16,
  vocabularySize: 50,
  outputCount: 3,
  normEpsilon: Math.fround(1e-5),
  ropeFreqBase: 10_000,
};

export const decision: Decision = {
  kind: "decision",
  tokenIds: [7, 8, 49],
  labels: ["0", "1", "1"],
};
export const frame = { kind: "prompt", system: defaultSystem, template: defaultTemplate } as const;
export const vocabulary = new Map<string, MetadataValue>([
  ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
]);
export const model: NewModel = {
  architecture: "qrag",
  numbers,
  name: "tiny",
  fileType: "Q8_0",
  output: decision,
  frame,
  scripts: undefined,
  tokenizerJson: "{}",
  tiedEmbeddings: false,
  conversionReport: "{}",
};
