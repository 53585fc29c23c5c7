// A small encoder in all the forms that the bench's contenders read, and calls for it.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Call } from "../../bench/cases.ts";
import type { Contender } from "../../bench/contenders/contender.ts";
import { openEmbedder, openGate } from "../../bench/contenders/qrag.ts";
import { encoderCalls, readWords } from "../../bench/encoders/calls.ts";
import type { EncoderFile } from "../../bench/encoders/encoders.ts";
import { makeEncoderFile } from "../../bench/encoders/files.ts";
import { writeEncoder } from "../../bench/encoders/folder.ts";
import { type EncoderShape, type Purpose, randomWeights } from "../../bench/encoders/shape.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";

const shape: EncoderShape = {
  layers: 2,
  hidden: 64,
  heads: 2,
  intermediate: 128,
  vocabulary: 600,
  positions: 300,
};
const files: readonly EncoderFile[] = [
  "f32.gguf",
  "q8_0.gguf",
  "q4_0.gguf",
  "q8_0-q4_0.gguf",
  "onnx/model.onnx",
  "onnx/model_quantized.onnx",
];

/** Tokens of the calls' texts or pairs. */
export const callTokens = [60, 20, 33] as const;

export interface SmallEncoder {
  readonly folder: string;
  readonly calls: readonly Call[];
  /** The reference's answers to them. */
  readonly expected: readonly (readonly number[])[];
}

export async function smallEncoder(purpose: Purpose): Promise<SmallEncoder> {
  const folder = mkdtempSync(join(tmpdir(), "qrag-bench-encoder-"));
  await writeEncoder(folder, shape, purpose, randomWeights(shape, purpose, 1));
  for (const file of files) await makeEncoderFile(folder, file, shape, purpose, "int8");
  const json = readFileSync(join(folder, "tokenizer.json"), "utf8");
  const tokenizer = openTokenizer(json);
  const words = await readWords(json, tokenizer);
  tokenizer.dispose();
  const vectors = "pooling" in purpose;
  const calls = callTokens.flatMap((tokens) =>
    encoderCalls({ name: "", tokens, passages: 3 }, 2, words, vectors ? "texts" : "pairs"),
  );
  const open = vectors ? openEmbedder : openGate;
  const reference = await open(join(folder, "f32.gguf"), 1, "reference");
  return { folder, calls, expected: await answersOf(reference, calls) };
}

/** Closes the contender in the end. */
export async function answersOf(contender: Contender, calls: readonly Call[]): Promise<number[][]> {
  const answers: number[][] = [];
  for (const call of calls) {
    for (const answer of await contender.answer(call)) {
      answers.push(typeof answer === "number" ? [answer] : [...answer]);
    }
  }
  await contender.close();
  return answers;
}
