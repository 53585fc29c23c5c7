// qrag inspect: what is in a model, a GGUF file or a checkpoint.
import { stat } from "node:fs/promises";
import type { Config, ConfigValue } from "../../convert/checkpoint/config_value.ts";
import type { MetadataValue, Scalar } from "../../gguf/format.ts";
import { openFile, readModelFile } from "../model/files.ts";
import { parseArguments } from "./arguments.ts";
import { type Command, exitCodes, localModel } from "./command.ts";
import { printable, table, writeJson, writeReport } from "./output.ts";

/** Metadata holds whole vocabularies; a table shows how they begin. */
const shownElements = 8;
const shownCharacters = 120;
/** Prompts and names whole, a tokenizer.json only as its beginning. */
const jsonCharacters = 4096;

const help = `Usage: qrag inspect [options] MODEL

Prints the metadata and the tensors of a GGUF file, or the configuration and the tensors of a checkpoint: a file (.pt,
.pth, .bin, .safetensors, .onnx) or a folder of Hugging Face. The format is detected from the content. Nothing in it is
run.

Options:
      --json          print JSON; long arrays and strings are cut there, too
  -h, --help          print this help

Example:
  qrag inspect models/qrag.gguf
`;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {}, ["MODEL"]);
    const path = (await localModel(io, positionals[0]))!;
    const found = (await isGguf(path)) ? await inspectGguf(path) : await inspectCheckpoint(path);
    if (values.json) await writeJson(io, found.json);
    else await writeReport(io, `${printable(path)}: ${found.text}`);
    return exitCodes.done;
  },
};

interface Findings {
  readonly text: string;
  readonly json: unknown;
}

async function isGguf(path: string): Promise<boolean> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return false;
  const source = await openFile(path);
  try {
    const magic = await source.read(0, Math.min(4, source.size));
    return Buffer.from(magic).toString("latin1") === "GGUF";
  } finally {
    await source.close();
  }
}

async function inspectGguf(path: string): Promise<Findings> {
  const { file } = await readModelFile(path);
  const { version, alignment, size, metadata, tensors } = file;
  const rows = tensors.map(({ name, type, shape, byteLength }) => [
    name,
    type,
    shape.join(" x "),
    byteLength,
  ]);
  const entries = [...metadata].map(([key, value]) => [key, typeName(value), metadataText(value)]);
  const text =
    `GGUF version ${version}, ${size} bytes, ${metadata.size} entries, ${tensors.length} tensors\n\n` +
    `${table(["KEY", "TYPE", "VALUE"], entries)}\n` +
    table(["TENSOR", "TYPE", "SHAPE (row length first)", "BYTES"], rows);
  const json = {
    format: "gguf",
    version,
    alignment,
    size,
    metadata: Object.fromEntries([...metadata].map(([key, value]) => [key, metadataJson(value)])),
    tensors: tensors.map(({ name, type, shape, offset, byteLength }) => ({
      name,
      type,
      shape,
      offset,
      byteLength,
    })),
  };
  return { text, json };
}

function typeName(entry: MetadataValue): string {
  return entry.type === "array" ? `${entry.of}[${entry.value.length}]` : entry.type;
}

function metadataText(entry: MetadataValue): string {
  if (entry.type !== "array") return scalarText(entry.value);
  const shown = entry.value.slice(0, shownElements).map(scalarText);
  return shown.join(", ") + (entry.value.length > shownElements ? ", …" : "");
}

/** Strings in quotes: white space at their ends counts. */
function scalarText(value: Scalar): string {
  const text = String(value);
  return value === text ? `"${printable(text, shownCharacters)}"` : text;
}

function metadataJson(entry: MetadataValue): unknown {
  if (entry.type !== "array") return { type: entry.type, ...cutJson(entry.value) };
  const value = entry.value.slice(0, shownElements).map((each) => cutJson(each).value);
  return { type: entry.type, of: entry.of, length: entry.value.length, value };
}

/** A scalar as JSON can say it; `length` tells that a string was cut. */
function cutJson(value: Scalar): { value: unknown; length?: number } {
  const text = String(value);
  if (value === text) {
    if (text.length <= jsonCharacters) return { value };
    return { value: text.slice(0, jsonCharacters), length: text.length };
  }
  // JSON has neither NaN nor exact 64-bit integers.
  const exact = value === true || value === false || Number.isFinite(value);
  return { value: exact ? value : text };
}

async function inspectCheckpoint(path: string): Promise<Findings> {
  const { openCheckpoint } = await import("../../convert/checkpoint/checkpoint.ts");
  const {
    format,
    tensors,
    config = new Map(),
    configSource,
    notes,
    close,
  } = await openCheckpoint(path);
  await close();
  const all = [...tensors.values()];
  const rows = all.map(({ name, dtype, shape, byteLength }) => [
    name,
    dtype,
    shape.join(" x "),
    byteLength,
  ]);
  const settings = [...config].map(([key, value]) => [key, JSON.stringify(configJson(value))]);
  const text =
    `${format} checkpoint, ${all.length} tensors\n` +
    (settings.length > 0
      ? `\n${table([`CONFIGURATION (${configSource})`, "VALUE"], settings)}`
      : "") +
    `\n${table(["TENSOR", "TYPE", "SHAPE (row length last)", "BYTES"], rows)}` +
    notes.map((note) => `note: ${printable(note)}\n`).join("");
  const json = {
    format,
    configSource,
    config: configJson(config),
    tensors: all.map(({ name, dtype, shape, byteLength }) => ({ name, dtype, shape, byteLength })),
    notes,
  };
  return { text, json };
}

function configJson(value: ConfigValue | Config): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, configJson(item)]));
  }
  return Array.isArray(value) ? value.map(configJson) : value;
}
