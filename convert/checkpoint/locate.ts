// Finds the files of weights that a path stands for: a file, or those of a Hugging Face or sentence-transformers folder.
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { Companions } from "./companions.ts";
import type { Config } from "./config_value.ts";
import { readModules, transformerPath } from "./modules.ts";

export interface Located {
  readonly folder: Companions;
  /** Of the weights and config.json; another folder where modules.json says so. */
  readonly weights: Companions;
  /** Names of the files of weights, seen from there. */
  readonly files: readonly string[];
  /** Which tensor lies in which file, where an index says so. */
  readonly index: ReadonlyMap<string, string> | undefined;
}

/** In the order they are looked for: what is the safest to read, and whole, comes first. */
const weightNames = [
  "model.safetensors",
  "pytorch_model.bin",
  "model.onnx",
  "onnx/model.onnx",
  // Q-RAG's.
  "model_best.pt",
  "model_last.pt",
];
const indexName = "model.safetensors.index.json";
/** The largest models come in some hundred files. */
const maxShards = 1024;

export async function locate(path: string): Promise<Located> {
  const found = await stat(path);
  if (!found.isDirectory()) {
    const folder = new Companions(dirname(path));
    return { folder, weights: folder, files: [basename(path)], index: undefined };
  }
  const folder = new Companions(path);
  const inner = transformerPath(await readModules(folder));
  const weights = inner === "" ? folder : new Companions(join(path, inner));
  if (await exists(weights, weightNames[0]!)) {
    return { folder, weights, files: [weightNames[0]!], index: undefined };
  }
  const index = await weights.object(indexName);
  if (index) return { folder, weights, ...shardsOf(index) };
  for (const name of weightNames) {
    if (await exists(weights, name)) return { folder, weights, files: [name], index: undefined };
  }
  const names = [weightNames[0], indexName, ...weightNames.slice(1)].join(", ");
  throw invalid(`the folder holds no weights: none of ${names} is there`);
}

async function exists({ folder }: Companions, name: string): Promise<boolean> {
  return (await stat(join(folder, name)).catch(() => undefined)) !== undefined;
}

function shardsOf(index: Config): Pick<Located, "files" | "index"> {
  const map = index.get("weight_map");
  if (!(map instanceof Map) || map.size === 0) throw invalid(`${indexName} has no weight_map`);
  const files = new Set<string>();
  for (const [tensor, file] of map) {
    if (typeof file !== "string" || !/^[\w-]+(\.[\w-]+)*\.safetensors$/.test(file)) {
      throw invalid(
        `${indexName} puts ${quote(tensor)} into ${quote(String(file))}; the name of a safetensors file is expected`,
      );
    }
    files.add(file);
  }
  if (files.size > maxShards) {
    throw invalid(`${indexName} names ${files.size} files; at most ${maxShards} are read`);
  }
  return { files: [...files].sort(), index: map as ReadonlyMap<string, string> };
}
