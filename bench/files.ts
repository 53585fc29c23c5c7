// The files that the contenders' processes read: models of the published shape, the calls to judge, and their program.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { packageRoot } from "../base/package_root.ts";
import { convertCheckpoint } from "../convert/convert.ts";
import { openTokenizer } from "../native/tokenizer/background.ts";
import { answerCases, callsOf, coldStart, timedCases } from "./cases.ts";
import { writeCalls } from "./exchange.ts";
import { writeDecoder, writeMinilm } from "./onnx/make.ts";
import { writePublished } from "./published.ts";

/** How each model file is made, in a folder that holds checkpoint.pt and tokenizer.json. */
const models = {
  "qrag-q8_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q8_0", "qrag"),
  "qrag-q4_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q4_0", "qrag"),
  "llama-q8_0.gguf": (folder: string, name: string) => gguf(folder, name, "Q8_0", "llama"),
  "minilm-l6-int8.onnx": (folder: string, name: string) =>
    writeMinilm(join(folder, name), 6, "int8"),
  "minilm-l6-fp32.onnx": (folder: string, name: string) =>
    writeMinilm(join(folder, name), 6, "fp32"),
  "minilm-l12-int8.onnx": (folder: string, name: string) =>
    writeMinilm(join(folder, name), 12, "int8"),
  "minilm-l12-fp32.onnx": (folder: string, name: string) =>
    writeMinilm(join(folder, name), 12, "fp32"),
  "decoder-int8.onnx": (folder: string, name: string) => writeDecoder(join(folder, name), folder),
} as const;

export type ModelFile = keyof typeof models;

/** Writes the checkpoint, its tokenizer and the given models. */
export async function makeModels(folder: string, wanted: ReadonlySet<ModelFile>) {
  const written = await writePublished(folder);
  for (const name of wanted) await models[name](folder, name);
  return written;
}

/** The same, and the calls of all cases. */
export async function makeFiles(
  folder: string,
  wanted: ReadonlySet<ModelFile>,
  calls: { pairs: number; batches: number },
): Promise<void> {
  const { tokenizer } = await makeModels(folder, wanted);
  const encoder = openTokenizer(readFileSync(tokenizer, "utf8"));
  for (const each of [...timedCases, coldStart]) {
    const count = each.passages === 1 ? calls.pairs : calls.batches;
    writeCalls(folder, each.name, await callsOf(each, count, encoder));
  }
  const answers = [];
  for (const each of answerCases) answers.push(...(await callsOf(each, 1, encoder)));
  writeCalls(folder, "answers", answers);
  encoder.dispose();
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
