// The files that the contenders' processes read: models, the calls to answer, and their program.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { packageRoot } from "../base/package_root.ts";
import { convertCheckpoint } from "../convert/convert.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import { decoderCalls } from "./calls.ts";
import { type Call, type Case, casesOf, type Suite } from "./cases.ts";
import { encoderCalls, readWords } from "./encoders/calls.ts";
import { type EncoderFile, type EncoderName, encoders } from "./encoders/encoders.ts";
import { makeEncoder } from "./encoders/files.ts";
import { answersCalls, calls } from "./exchange.ts";
import type { WeightType } from "./onnx/graph.ts";
import { writeDecoder } from "./onnx/make.ts";
import { writePublished } from "./published.ts";

/** How each model file of the decoder is made, in a folder that holds checkpoint.pt and tokenizer.json. */
const decoderModels = {
  "qrag-q8_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q8_0", "qrag"),
  "qrag-q4_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q4_0", "qrag"),
  "llama-q8_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q8_0", "llama"),
  "decoder-int8.onnx": (folder: string, name: string, int8: WeightType) =>
    writeDecoder(join(folder, name), folder, int8),
} as const;

export type DecoderFile = keyof typeof decoderModels;
export type ModelFile = DecoderFile | `${EncoderName}/${EncoderFile}`;

/** Without VNNI, onnxruntime's products of int8 run over 16 bits on x86: quantize_dynamic has an option for it. */
export const int8For = (kernels: readonly string[]): WeightType =>
  process.arch !== "x64" || kernels.some((set) => /vnni|amx/.test(set)) ? "int8" : "int8-reduced";

/** Writes what the given models are made from, then the models. */
export async function makeModels(
  folder: string,
  wanted: ReadonlySet<ModelFile>,
  int8: WeightType = "int8",
): Promise<void> {
  const ofDecoder = [...wanted].filter((file): file is DecoderFile => file in decoderModels);
  if (ofDecoder.length > 0) await writePublished(folder);
  for (const name of ofDecoder) await decoderModels[name](folder, name, int8);
  for (const encoder of encoders) {
    const at = `${encoder.name}/`;
    const files = [...wanted]
      .filter((file) => file.startsWith(at))
      .map((file) => file.slice(at.length) as EncoderFile);
    if (files.length > 0) await makeEncoder(join(folder, encoder.name), encoder, files, int8);
  }
}

/** Writes the calls of all cases of a suite whose models are there; `count`: how many of a case. */
export async function makeCalls(
  folder: string,
  suite: Suite,
  count: (each: Case) => number,
): Promise<void> {
  const { encoder } = suite;
  const json = readFileSync(join(folder, encoder?.name ?? "", "tokenizer.json"), "utf8");
  const tokenizer = openTokenizer(json);
  try {
    const make = encoder
      ? await encoderMaker(json, tokenizer, "pooling" in encoder.purpose ? "texts" : "pairs")
      : (each: Case, count: number) => decoderCalls(each, count, tokenizer);
    for (const each of casesOf(suite)) {
      calls.write(folder, each.name, await make(each, count(each)));
    }
    const answers: Call[] = [];
    for (const each of suite.answers) answers.push(...(await make(each, 1)));
    calls.write(folder, answersCalls(suite.name), answers);
  } finally {
    tokenizer.dispose();
  }
}

async function encoderMaker(json: string, tokenizer: BackgroundTokenizer, kind: "texts" | "pairs") {
  const words = await readWords(json, tokenizer);
  return async (each: Case, count: number) => encoderCalls(each, count, words, kind);
}

async function gguf(folder: string, name: string, type: "Q8_0" | "Q4_0", layout: "qrag" | "llama") {
  await convertCheckpoint({
    checkpoint: join(folder, "checkpoint.pt"),
    tokenizer: join(folder, "tokenizer.json"),
    output: join(folder, name),
    type,
    layout,
    // Random weights read no text better one way than another.
    rope: "interleaved",
    gateUp: "gate-first",
    proof: false,
  });
}

/** contend.ts as plain JavaScript, below the package's root: compiling in the process would count as start and memory. */
export async function bundleContend(): Promise<string> {
  const outfile = join(packageRoot(), "build", "bench", "contend.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("contend.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
  return outfile;
}
