// Opens a checkpoint of any supported format, told by its content: its tensors by plain name, and its configuration.
import { dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { type ByteSource, fileSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";
import { type Config, configFromJson } from "./config_value.ts";
import { readSafetensors } from "./safetensors.ts";
import type { SourceTensor } from "./source_tensor.ts";
import { findStateDict, stripWrappers } from "./state_dict.ts";
import { readTorch } from "./torch.ts";

export interface Checkpoint {
  readonly format: "torch" | "safetensors";
  /** By name without the parts that wrappers such as torch.compile add. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly config: Config | undefined;
  /** Where the configuration was found, for reports; empty when there is none. */
  readonly configSource: string;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** A configuration has a few kilobytes. */
const maximumConfigBytes = 1024 * 1024;
const resave = "save it again with a current PyTorch: torch.save(torch.load(p), p)";

export async function openCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const source = guarded(path, await fileSource(path));
    try {
      const checkpoint = await readCheckpoint(source);
      if (checkpoint.config) return checkpoint;
      const config = await readConfigBeside(path);
      return config ? { ...checkpoint, config, configSource: "config.json" } : checkpoint;
    } catch (error) {
      await source.close();
      throw error;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(reason.startsWith(path) ? reason : `${path}: ${reason}`, error);
  }
}

/** The checkpoint in `source`, which it closes in the end. */
export async function readCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(source.size, 512));
  const close = () => source.close();
  if (startsWith(head, "PK\x03\x04")) {
    return { format: "torch", ...findStateDict(await readTorch(source)), close };
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
    throw invalid("it is neither what torch.save writes (a zip archive) nor a safetensors file");
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((character, index) => bytes[index] === character.charCodeAt(0));
}

async function readConfigBeside(path: string): Promise<Config | undefined> {
  const source = await fileSource(join(dirname(path), "config.json")).catch(() => undefined);
  if (!source) return undefined;
  try {
    if (source.size > maximumConfigBytes) throw invalid("config.json beside it is too large");
    const text = new TextDecoder().decode(await source.read(0, source.size));
    const config = configFromJson(parseJson(text));
    if (!(config instanceof Map)) throw invalid("config.json beside it is not a JSON object");
    return config;
  } finally {
    await source.close();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid("config.json beside it is not JSON", error);
  }
}
