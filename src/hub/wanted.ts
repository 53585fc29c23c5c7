// Which files of a repository to download: a GGUF file, or weights and what the converter reads beside them.
import { posix } from "node:path";
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { HubFile, Listing } from "./listing.ts";
import { isSafePath } from "./names.ts";
import { type HubReference, repositoryName } from "./reference.ts";

export interface WantedFile {
  readonly file: HubFile;
  /** Its path in the entry's folder for downloads: one that is known here, never one of the server's choice. */
  readonly local: string;
}

export interface Wanted {
  readonly files: readonly WantedFile[];
  /** What to convert, in the same folder: a file, or "" for the folder itself. Undefined for a GGUF file. */
  readonly checkpoint: string | undefined;
}

/** The local name of a GGUF file. */
const readyName = "model.gguf";

/** In the converter's order: the safest format first. */
const weightNames = [
  "model.safetensors",
  "pytorch_model.bin",
  "pytorch_model.pt",
  "model.onnx",
  "onnx/model.onnx",
];
const indexName = "model.safetensors.index.json";
const shardName = /^model-\d{1,5}-of-\d{1,5}\.safetensors$/;
const weightEnding = /\.(safetensors|bin|pt|pth|onnx)$/;

/** What the converter reads beside the weights, and in the folders of sentence-transformers modules. */
const companionNames = [
  "config.json",
  "tokenizer.json",
  "vocab.txt",
  "tokenizer_config.json",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
];
const moduleFolder = /^\d_[A-Za-z]{1,40}$/;

/** Far more than any model that is usable on a CPU. A list can claim any size. */
const maxBytes = 64 * 2 ** 30;

export function wantedFiles(reference: HubReference, { files }: Listing): Wanted {
  const wanted =
    reference.file === undefined
      ? chosen(reference, files)
      : named(reference, reference.file, files);
  const bytes = wanted.files.reduce((sum, { file }) => sum + file.size, 0);
  if (bytes <= maxBytes) return wanted;
  throw unsupported(
    `${repositoryName(reference)} would be a download of ${bytes} bytes, which is more than any model for this engine`,
  );
}

function named(reference: HubReference, path: string, files: ReadonlyMap<string, HubFile>): Wanted {
  const file = files.get(path);
  if (!file) {
    const models = [...files.keys()].filter(
      (each) => /\.gguf$/.test(each) || weightEnding.test(each),
    );
    throw notFound(`${repositoryName(reference)} has no file ${quote(path)}${listed(models)}`);
  }
  if (path.endsWith(".gguf")) return ready(file);
  const local = posix.basename(path);
  const ending = weightEnding.exec(local)?.[0];
  if (ending === undefined)
    throw unsupported(`${quote(path)} is neither a GGUF file nor weights that can be converted`);
  const checkpoint = `weights${ending}`;
  return withCompanions(reference, files, checkpoint, [{ file, local: checkpoint }]);
}

function chosen(reference: HubReference, files: ReadonlyMap<string, HubFile>): Wanted {
  const ggufs = [...files.keys()].filter((path) => /^[^/]*\.gguf$/.test(path) && isSafePath(path));
  const [only] = ggufs;
  if (only !== undefined && ggufs.length === 1) return ready(files.get(only)!);
  const names = weightsIn(files);
  if (names.length > 0) return weights(reference, files, names);
  if (ggufs.length > 1) {
    throw notFound(
      `${repositoryName(reference)} has ${ggufs.length} GGUF files: name one${listed(ggufs)}`,
    );
  }
  throw notFound(
    `${repositoryName(reference)} has neither a GGUF file nor weights that can be converted: none of ` +
      `${[...weightNames, indexName].join(", ")} is there`,
  );
}

function weightsIn(files: ReadonlyMap<string, HubFile>): string[] {
  const [whole, ...others] = weightNames;
  if (files.has(whole!)) return [whole!];
  if (files.has(indexName)) {
    return [indexName, ...[...files.keys()].filter((path) => shardName.test(path))];
  }
  return others.filter((name) => files.has(name)).slice(0, 1);
}

function weights(
  reference: HubReference,
  files: ReadonlyMap<string, HubFile>,
  names: readonly string[],
): Wanted {
  const own = names.map((name) => ({ file: files.get(name)!, local: name }));
  // The converter does not look for this name in a folder.
  const checkpoint = names[0] === "pytorch_model.pt" ? names[0] : "";
  return withCompanions(reference, files, checkpoint, own);
}

function withCompanions(
  reference: HubReference,
  files: ReadonlyMap<string, HubFile>,
  checkpoint: string,
  own: readonly WantedFile[],
): Wanted {
  const companions = [...files.values()].filter(({ path }) => {
    const folder = posix.dirname(path);
    const beside = folder === "." || moduleFolder.test(folder);
    return beside && companionNames.includes(posix.basename(path));
  });
  if (!files.has("tokenizer.json") && !files.has("vocab.txt")) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `${repositoryName(reference)} has neither tokenizer.json nor vocab.txt`,
    );
  }
  return {
    checkpoint,
    files: [...companions.map((file) => ({ file, local: file.path })), ...own],
  };
}

function ready(file: HubFile): Wanted {
  return { checkpoint: undefined, files: [{ file, local: readyName }] };
}

/** As the part of a reference that names a file. */
function listed(paths: readonly string[]): string {
  if (paths.length === 0) return "";
  const shown = paths.slice(0, 10).map((path) => quote(`:${path}`));
  return `. There is ${shown.join(", ")}${paths.length > 10 ? " and more" : ""}`;
}

function notFound(message: string): QragError {
  return new QragError("MODEL_NOT_FOUND", message);
}

function unsupported(message: string): QragError {
  return new QragError("MODEL_UNSUPPORTED", message);
}
