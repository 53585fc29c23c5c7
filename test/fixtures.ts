// The fixtures, typed: the files that the scripts in test/fixtures have written (test/fixtures/README.md).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Hyperparameters } from "../native/contract.ts";

const folder = join(import.meta.dirname, "fixtures");

export const tokenizerNames = [
  "bytelevel",
  "roberta",
  "llama3",
  "qwen2",
  "nanochat",
  "sentencepiece",
  "metaspace",
  "whitespace",
  "wordpiece",
] as const;

export type TokenizerName = (typeof tokenizerNames)[number];

/** "bytelevel" is the tokenizer of every checkpoint here. */
export function tokenizerPath(name: TokenizerName): string {
  return join(folder, "tokenizers", `${name}.json`);
}

export function tokenizerJson(name: TokenizerName): string {
  return readFileSync(tokenizerPath(name), "utf8");
}

/** Checkpoint -> its file, and the goldens of its weights: several checkpoints hold the same ones. */
const checkpoints = {
  llama: { file: "llama.pt", golden: "llama" },
  meta: { file: "meta.pt", golden: "meta" },
  nano: { file: "nano.pt", golden: "llama" },
  bf16: { file: "bf16.pt", golden: "bf16" },
  f16: { file: "f16.pt", golden: "f16" },
  strided: { file: "strided.pt", golden: "llama" },
  safetensors: { file: join("safetensors", "model.safetensors"), golden: "llama" },
} as const;

export type CheckpointName = keyof typeof checkpoints;
export const checkpointNames = Object.keys(checkpoints) as CheckpointName[];

export function checkpointPath(name: CheckpointName): string {
  return join(folder, "checkpoints", checkpoints[name].file);
}

/** What PyTorch computes in double precision for one prompt. */
export interface GoldenPrompt {
  readonly name: string;
  readonly text: string;
  /** Of the tokenizer "bytelevel". */
  readonly tokens: readonly number[];
  /** At the last position, in the order of `Golden.decision`. */
  readonly decisionLogits: readonly number[];
  readonly argmax: number;
  /** Mean of -log p over all tokens but the first; null for a prompt of one token. */
  readonly surprise: number | null;
}

/** Decision rows in the converter's order: those of "0" first. */
export interface Golden {
  readonly numbers: Hyperparameters;
  readonly decision: readonly { readonly id: number; readonly label: "0" | "1" }[];
  readonly prompts: readonly GoldenPrompt[];
}

export function golden(name: CheckpointName): Golden {
  const texts = readGolden("prompts") as GoldenPrompt[];
  const computed = readGolden(checkpoints[name].golden) as Golden;
  const rows = [...computed.decision.keys()].sort(
    (a, b) => Number(computed.decision[a]!.label) - Number(computed.decision[b]!.label),
  );
  const prompts = computed.prompts.map((prompt, index) => ({
    ...texts[index]!,
    ...prompt,
    decisionLogits: rows.map((row) => prompt.decisionLogits[row]!),
  }));
  return { ...computed, decision: rows.map((row) => computed.decision[row]!), prompts };
}

export interface Intermediate {
  /** Positions first: one row a token. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Every intermediate of the checkpoint "llama" for one prompt: "embed", then for each block N "blk.N." with attn_norm,
 * q, k (after RoPE), v, attn_mixed (before the output projection), attn_out, attn_residual, ffn_norm, ffn_out and
 * ffn_residual, then "output_norm" and "logits". Heads lie side by side in a row; q and k are in the interleaved order.
 */
export function intermediates(): {
  readonly prompt: GoldenPrompt;
  readonly values: ReadonlyMap<string, Intermediate>;
} {
  const index = readGolden("intermediates") as { prompt: string; values: StoredIntermediate[] };
  const prompt = golden("llama").prompts.find(({ name }) => name === index.prompt)!;
  return { prompt, values: readIntermediates("intermediates", index.values) };
}

interface StoredIntermediate {
  readonly name: string;
  readonly shape: number[];
  readonly offset: number;
}

function readIntermediates(
  file: string,
  index: readonly StoredIntermediate[],
): ReadonlyMap<string, Intermediate> {
  const bytes = new Uint8Array(readFileSync(join(folder, "goldens", `${file}.bin`)));
  const values = index.map(({ name, shape, offset }) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, values: new Float32Array(bytes.buffer, offset, count) }] as const;
  });
  return new Map(values);
}

/** Mean surprise of "llama" on the start of the proof text: wired "right", and with one thing wrong. */
export function wiringSurprises(): ReadonlyMap<string, number> {
  return new Map(Object.entries(readGolden("wirings") as Record<string, number>));
}

export const encoderNames = ["mean", "cls", "rank", "labels"] as const;
export type EncoderName = (typeof encoderNames)[number];

/** The folder of a BERT with random weights, as Hugging Face's or sentence-transformers' are. */
export function encoderPath(name: EncoderName): string {
  return join(folder, "encoders", name);
}

export interface EncoderCase {
  readonly first: string;
  /** Null for a text alone. */
  readonly second: string | null;
  readonly tokens: readonly number[];
  /** Where the second text begins; the number of tokens for a text alone. */
  readonly secondAt: number;
  /** The logits, or the pooled vector before it is normalized. */
  readonly output: readonly number[];
}

/**
 * What PyTorch computes of an encoder, and every intermediate of the first case: "embd_norm", then for each block N
 * "blk.N." with q, k, v, attn_mixed (before the output projection), attn_out, attn_residual, attn_output_norm, ffn_up
 * (behind GELU), ffn_out, ffn_residual and layer_output_norm, then "pooler" and "logits", or "pooled".
 */
export function encoderGolden(name: EncoderName): {
  readonly cases: readonly EncoderCase[];
  readonly steps: ReadonlyMap<string, Intermediate>;
} {
  const { cases, intermediates } = readGolden(`encoder_${name}`) as {
    cases: EncoderCase[];
    intermediates: StoredIntermediate[];
  };
  return { cases, steps: readIntermediates(`encoder_${name}`, intermediates) };
}

function readGolden(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, "goldens", `${name}.json`), "utf8"));
}
