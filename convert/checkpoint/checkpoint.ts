// Opens a checkpoint of any supported format, told by its content: its tensors by plain name, and its configuration.
import { join } from "node:path";
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { type ByteSource, fileSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";
import type { Companions } from "./companions.ts";
import type { Config } from "./config_value.ts";
import { locate } from "./locate.ts";
import { looksLikeOnnx, readOnnxWeights } from "./onnx.ts";
import { readSafetensors } from "./safetensors.ts";
import type { SourceTensor } from "./source_tensor.ts";
import { findStateDict, stripWrappers } from "./state_dict.ts";
import { readTorch } from "./torch.ts";

export interface Checkpoint {
  readonly format: "torch" | "safetensors" | "onnx";
  /** By name without the parts that wrappers such as torch.compile add. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly config: Config | undefined;
  /** Where the configuration was found, for reports; empty when there is none. */
  readonly configSource: string;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** A checkpoint with the files beside it. */
export interface OpenedCheckpoint extends Checkpoint {
  readonly companions: Companions;
}

const resave = "save it again with a current PyTorch: torch.save(torch.load(p), p)";

/** Opens a file of weights, or a folder that holds them. */
export async function openCheckpoint(path: string): Promise<OpenedCheckpoint> {
  try {
    const { folder, weights, files, index } = await locate(path);
    const opened: Checkpoint[] = [];
    try {
      for (const name of files) opened.push(await openFile(join(weights.folder, name)));
      const whole = joined(opened, files, index);
      // A graph says less than the configuration it was made with.
      const silent = !whole.config || whole.format === "onnx";
      const beside = silent ? await weights.object("config.json") : undefined;
      const config = beside ? new Map([...(whole.config ?? []), ...beside]) : whole.config;
      const configSource = beside ? "config.json" : whole.configSource;
      return { ...whole, config, configSource, companions: folder };
    } catch (error) {
      for (const { close } of opened) await close();
      throw error;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof QragError ? error.code : "CHECKPOINT_INVALID";
    const message = reason.startsWith(path) ? reason : `${path}: ${reason}`;
    throw new QragError(code, message, { cause: error });
  }
}

async function openFile(path: string): Promise<Checkpoint> {
  const source = guarded(path, await fileSource(path));
  try {
    return await readCheckpoint(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The parts of a checkpoint as one; each tensor lies where the index says. */
function joined(
  parts: readonly Checkpoint[],
  files: readonly string[],
  index: ReadonlyMap<string, string> | undefined,
): Checkpoint {
  const [first] = parts;
  if (!index) return first!;
  const tensors = new Map<string, SourceTensor>();
  for (const [number, part] of parts.entries()) {
    const file = files[number]!;
    for (const [name, tensor] of part.tensors) {
      if (index.get(name) !== file) {
        throw invalid(`${file} holds ${quote(name)}, which the index does not look for there`);
      }
      // Places in two files are not one.
      tensors.set(name, { ...tensor, storage: `${file}:${tensor.storage}` });
    }
  }
  for (const [name, file] of index) {
    if (!tensors.has(name))
      throw invalid(`${file} does not hold ${quote(name)}, as the index says`);
  }
  return {
    ...first!,
    tensors,
    notes: [`${files.length} files of weights`, ...new Set(parts.flatMap(({ notes }) => notes))],
    async close() {
      for (const { close } of parts) await close();
    },
  };
}

/** The checkpoint in `source`, which it closes in the end. */
export async function readCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(source.size, 512));
  const close = () => source.close();
  if (startsWith(head, "PK\x03\x04")) {
    return { format: "torch", ...findStateDict(await readTorch(source)), close };
  }
  if (looksLikeOnnx(head) && !(head[7] === 0 && head[8] === 0x7b)) {
    const { tensors, graphConfig, notes } = await readOnnxWeights(source);
    const named = stripWrappers(tensors.values(), notes);
    return {
      format: "onnx",
      tensors: named,
      config: graphConfig,
      configSource: "the graph",
      notes,
      close,
    };
  }
  refuseKnownOthers(head);
  const { tensors, metadata } = await readSafetensors(source);
  const notes = [...metadata].map(([key, value]) => `metadata ${quote(key)}: ${quote(value)}`);
  return {
    format: "safetensors",
    tensors: stripWrappers(tensors.values(), notes),
    config: undefined,
    configSource: "",
    notes,
    close,
  };
}

/** The same source, whose failures while tensors are read are the checkpoint's too. */
function guarded(path: string, source: ByteSource): ByteSource {
  return {
    ...source,
    async read(offset, length) {
      try {
        return await source.read(offset, length);
      } catch (error) {
        throw invalid(
          `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
          error,
        );
      }
    },
  };
}

function refuseKnownOthers(head: Uint8Array): void {
  if (startsWith(head, "GGUF")) {
    throw invalid("it is a GGUF file already; `qrag quantize` changes the type of one");
  }
  // A pickle opens with its protocol; the old format is several pickles and raw storages behind each other.
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) {
    throw invalid(`it is in PyTorch's format from before version 1.6; ${resave}`);
  }
  if (startsWith(head.subarray(257), "ustar")) {
    throw invalid(`it is in PyTorch's oldest format, a tar archive; ${resave}`);
  }
  if (head[8] !== 0x7b) {
    throw invalid(
      "it is neither what torch.save writes (a zip archive) nor a safetensors file, nor ONNX",
    );
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((character, index) => bytes[index] === character.charCodeAt(0));
}
