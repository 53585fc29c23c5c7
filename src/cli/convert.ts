// qrag convert: a checkpoint, a file or a Hugging Face folder, and its tokenizer become a GGUF file.

import type { Destination } from "../../base/destination.ts";
import { QragError } from "../../base/errors.ts";
import { gateUpOrders, ropeOrders } from "../../convert/architectures/wiring.ts";
import { encoders } from "../../convert/checkpoint/pair.ts";
import { convertCheckpoint } from "../../convert/convert.ts";
import { fileLayouts } from "../../convert/options.ts";
import type { ConvertProgress, ConvertReport } from "../../convert/report.ts";
import type { Prompt } from "../../gguf/prompt.ts";
import { rowsHelp } from "../eval/rows.ts";
import {
  oneOf,
  parseArguments,
  positiveNumber,
  required,
  UsageError,
  wholeNumber,
} from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { destinationOf, outputHelp } from "./destination.ts";
import { readEarlyExit } from "./early_exit.ts";
import type { Io } from "./io.ts";
import { readStrings } from "./json_file.ts";
import { opinionOf } from "./opinion.ts";
import { printable, table, tell, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";
import { notesText, outputText, tensorsText, typesText, wiringText } from "./report.ts";
import { readRows } from "./rows.ts";
import {
  otherTypeOptions,
  otherTypes,
  otherTypesHelp,
  typeNames,
  weightType,
} from "./weight_type.ts";

const help = `Usage: qrag convert CHECKPOINT -o OUT.gguf [options]

Reads a checkpoint and writes a GGUF file. CHECKPOINT is a file of weights (.pt, .pth, .bin, .safetensors, or an
.onnx of floats), or a folder of Hugging Face or sentence-transformers. Nothing in it is run. It may hold a decoder that
answers with a token, or a BERT encoder: a cross-encoder, or a model for vectors. The report shows how every tensor was
used.

Options:
  -o, --output OUT           ${outputHelp}
  -t, --type TYPE            ${typeNames}; default q8_0
${otherTypesHelp}
      --tokenizer FILE       its tokenizer.json; default: the one beside the weights
      --map FILE             roles by hand, as JSON: {"its.name": "blk.0.attn_q.weight", "other": "drop"}
      --encoder HALF         of a pair that was trained to search in steps (Q-RAG's model_best.pt): state or action
      --name NAME            the model's name; default: the checkpoint's
      --scripts NAME,...     the scripts a gate reads, by Unicode's names (Latin,Greek): pairs in others are refused
      --languages CODE,...   with --scripts: the languages it reads (en,de); a gate of "en" alone refuses other
                             languages in Latin script
      --second-opinion FILE  the embedder, a GGUF file, that the gate asks where a margin is uncertain
      --opinion W,C,M        with it: (1 - (margin/M)²) W (cosine - C) is added to margins nearer to 0 than M
      --early-exit FILE      of a BERT gate, as JSON: {"blocks", "below", "weight", "bias"}. After that many blocks
                             weight and bias guess the margin; a guess below "below", a negative number, is the margin
      --heads N              heads of attention, where the configuration does not say
      --context-length N     tokens it reads at most; default: what the configuration says
      --norm-eps NUMBER      epsilon of the norms
      --force                replace a file that is there
      --json                 print the report as JSON on standard output
  -h, --help                 print this help

For decoders; what is not stated is tried out on a text:
      --layout LAYOUT        qrag, or llama: the plain file any llama.cpp program opens
      --keep-lm-head         keep the whole head, for fullVocabulary and qrag verify
      --prompt FILE          the prompt it was trained with, as JSON: {"system": "...", "template": "..."}
      --rope ORDER           ${ropeOrders.join(" or ")}
      --gate-up ORDER        ${gateUpOrders.join(" or ")}
      --rope-base NUMBER
      --rows FILE            labelled rows to try it out on:
                             ${rowsHelp}
      --no-proof             do not try anything out; everything must be known
      --threads N            threads that compute

For BERTs, in place of what modules.json and the files it names say:
      --pooling MODE         mean or cls
      --normalize            scale vectors to length 1; --no-normalize: leave them as they are
      --query-prefix TEXT    put before every query
      --passage-prefix TEXT  put before every passage

Example:
  qrag convert model.pt --tokenizer tokenizer.json -o models/qrag.gguf --type q8_0
  qrag convert ms-marco-MiniLM-L6-v2/ -o ranker.gguf --scripts Latin --languages en
`;

/** How a checkpoint is converted, wherever it comes from. */
export const conversionOptions = {
  type: { type: "string", short: "t" },
  ...otherTypeOptions,
  layout: { type: "string" },
  "keep-lm-head": { type: "boolean" },
  map: { type: "string" },
  prompt: { type: "string" },
  name: { type: "string" },
  rows: { type: "string" },
  rope: { type: "string" },
  "gate-up": { type: "string" },
  "norm-eps": { type: "string" },
  "rope-base": { type: "string" },
  heads: { type: "string" },
  "context-length": { type: "string" },
  "no-proof": { type: "boolean" },
  pooling: { type: "string" },
  normalize: { type: "boolean" },
  "no-normalize": { type: "boolean" },
  "early-exit": { type: "string" },
  "query-prefix": { type: "string" },
  "passage-prefix": { type: "string" },
  scripts: { type: "string" },
  languages: { type: "string" },
  "second-opinion": { type: "string" },
  opinion: { type: "string" },
  threads: { type: "string" },
} as const;

const options = {
  ...conversionOptions,
  tokenizer: { type: "string" },
  encoder: { type: "string" },
  output: { type: "string", short: "o" },
  force: { type: "boolean" },
} as const;

type OptionName = keyof typeof conversionOptions;
type ConversionValues = {
  readonly [N in OptionName]?:
    | ((typeof conversionOptions)[N]["type"] extends "boolean" ? boolean : string)
    | undefined;
};

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, options, ["CHECKPOINT"]);
    const { tokenizer, force } = values;
    const encoder = choice(values.encoder, encoders, "--encoder");
    const files = { checkpoint: positionals[0]!, tokenizer, encoder };
    const output = destinationOf(io, required(values.output, "--output"), {
      ...{ option: "--output", json: values.json, binary: true },
    });
    const conversion = await conversionOf(values, io);
    const bars = { prove: progressBar(io, "trying out"), write: progressBar(io, "writing") };
    const onProgress = (progress: ConvertProgress) => bars[progress.stage].update(progress);
    const { signal } = io;
    const report = await convertCheckpoint({
      ...{ ...files, ...conversion },
      ...{ output, force, signal, onProgress },
    }).finally(() => {
      bars.prove.clear();
      bars.write.clear();
    });
    if (values.json) await writeJson(io, report);
    else tell(io, reportText(report, pathIn(output)));
    return exitCodes.done;
  },
};

/** Checks the options before it reads the files that some of them name. */
export async function conversionOf(values: ConversionValues, io: Io) {
  if (values.languages !== undefined && values.scripts === undefined) {
    throw new UsageError(
      "--languages needs --scripts: a file that names no scripts refuses nothing",
    );
  }
  const checked = {
    type: weightType(values.type ?? "q8_0", "--type"),
    ...otherTypes(values),
    layout: choice(values.layout, fileLayouts, "--layout"),
    keepLmHead: values["keep-lm-head"],
    name: values.name,
    rope: choice(values.rope, ropeOrders, "--rope"),
    gateUp: choice(values["gate-up"], gateUpOrders, "--gate-up"),
    normEps: positiveNumber(values["norm-eps"], "--norm-eps"),
    ropeBase: positiveNumber(values["rope-base"], "--rope-base"),
    headCount: wholeNumber(values.heads, "--heads"),
    contextLength: wholeNumber(values["context-length"], "--context-length"),
    proof: values["no-proof"] ? false : undefined,
    pooling: choice(values.pooling, ["mean", "cls"], "--pooling"),
    normalize: either(values.normalize, values["no-normalize"]),
    queryPrefix: values["query-prefix"],
    passagePrefix: values["passage-prefix"],
    scripts: values.scripts?.split(","),
    languages: values.languages?.split(","),
    threads: wholeNumber(values.threads, "--threads"),
  };
  const secondOpinion = await opinionOf(values, io.signal);
  const earlyExit = await readEarlyExit(io, values["early-exit"]);
  const map = values.map === undefined ? undefined : await readStrings(io, values.map);
  const prompt = values.prompt === undefined ? undefined : await readPrompt(io, values.prompt);
  const rows = values.rows === undefined ? undefined : await readRows(io, values.rows);
  return { ...checked, secondOpinion, earlyExit, map, prompt, rows };
}

function choice<const T extends string>(
  value: string | undefined,
  choices: readonly T[],
  name: string,
): T | undefined {
  return value === undefined ? undefined : oneOf(value, choices, name);
}

function either(yes: boolean | undefined, no: boolean | undefined): boolean | undefined {
  if (yes && no) throw new UsageError("--normalize and --no-normalize contradict each other");
  return yes ?? (no ? false : undefined);
}

async function readPrompt(io: Io, path: string): Promise<Prompt> {
  const { system, template, ...others } = Object.fromEntries(await readStrings(io, path));
  if (system !== undefined && template !== undefined && Object.keys(others).length === 0) {
    return { system, template };
  }
  throw new QragError("INPUT_INVALID", `${path} must hold "system" and "template", nothing else`);
}

function reportText(report: ConvertReport, path: string): string {
  const { output, bytes, model, checkpoint, wiring, dropped, missing, notes } = report;
  const config = checkpoint.configSource || "none";
  const left = [
    ...dropped.map(({ name, reason }) => [name, "dropped", reason]),
    ...missing.map(({ name, reason }) => [name, "not in the file", reason]),
  ];
  return [
    wiring ? wiringText(wiring) : "",
    tensorsText(report),
    left.length > 0 ? table(["LEFT OUT", "HOW", "WHY"], left) : "",
    notesText(notes),
    `${outputText(model.output)}\n` +
      `${printable(output)}: ${bytes} bytes, ${typesText(report)}, from a ${checkpoint.format} checkpoint, ` +
      `configuration: ${printable(config)}\n` +
      `${nextText(model.architecture, printable(path))}\n`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** Of what went to standard output the path is not known here. */
function pathIn(destination: Destination): string {
  return typeof destination === "string" ? destination : "FILE";
}

/** What can be done with the file; the engine does not know the layout of llama.cpp's own decoders. */
function nextText(architecture: string, path: string): string {
  return architecture === "llama"
    ? 'Open it in any llama.cpp program, or with loadGate(path, { backend: "llama" }).'
    : `Check it with: qrag verify ${path}`;
}
