// From a model's name to its file, opened and known: finds it, and checks that the package's own is the one it came with.
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { QragError } from "../../base/errors.ts";
import { packageRoot } from "../../base/package_root.ts";
import { GgufError, type GgufFile } from "../../gguf/format.ts";
import { readGguf } from "../../gguf/read.ts";
import { type ByteSource, fileSource } from "../../gguf/source.ts";

/** The file of a model that a package comes with, and its SHA-256. */
export interface ShippedModel {
  /** Seen from the package's folder. */
  readonly path: string;
  readonly sha256: string;
  /** What to do where the file is missing. */
  readonly remedy: string;
}

export const shippedGate: ShippedModel = {
  path: join("models", "qrag.gguf"),
  sha256: "3180f457567cbf7fec1cfa3d14003f83e645cc31c162383ca0745cc4a4d17131",
  remedy:
    "name a model: a path given to loadGate, --model PATH, or the environment variable QRAG_MODEL. " +
    "To make one: `qrag convert CHECKPOINT --tokenizer tokenizer.json -o model.gguf`",
};

export const shippedEmbedder: ShippedModel & {
  readonly name: string;
  readonly dimensions: number;
  readonly contextLength: number;
} = {
  path: join("models", "embedder.gguf"),
  sha256: "353066f0386b6b2776ec403fe1a701ecb7c94b6de9dbedbd75e96c258418c68a",
  remedy:
    "name a model: a path given to loadEmbedder, --embedder PATH, or the environment variable QRAG_EMBEDDER. " +
    "To make one: `qrag convert FOLDER -o embedder.gguf`, with the folder of a sentence-transformers model",
  name: "all-MiniLM-L6-v2",
  dimensions: 384,
  contextLength: 256,
};

/** Hashing a piece takes about a millisecond of the event loop. */
const chunkBytes = 1024 * 1024;

/** The file that a path stands for; without one, the package's own. */
export function modelPath(
  name: string | undefined,
  shipped: Pick<ShippedModel, "path"> = shippedGate,
): string {
  return name === undefined ? resolve(packageRoot(), shipped.path) : resolve(name);
}

/** A GGUF file whose header was read. Whoever opened it closes the source. */
export interface OpenedModel {
  readonly path: string;
  readonly source: ByteSource;
  readonly file: GgufFile;
}

/** Opens the model `name`, or the package's own, whose every byte is compared by its digest. */
export async function openModelFile(
  name: string | undefined,
  signal?: AbortSignal,
  shipped = shippedGate,
): Promise<OpenedModel> {
  const path = modelPath(name, shipped);
  const missing = `the package's own file is missing. Install the package again, or ${shipped.remedy}`;
  const source = await openFile(path, name === undefined ? missing : undefined);
  try {
    if (name === undefined) await checkShipped(source, shipped, signal);
    return { path, source, file: await readGguf(source) };
  } catch (error) {
    await source.close();
    throw modelError(error, path);
  }
}

/** As openModelFile, for whoever needs nothing behind the header: the file is closed again. */
export async function readModelFile(
  name: string | undefined,
  signal?: AbortSignal,
): Promise<Omit<OpenedModel, "source">> {
  const { source, ...read } = await openModelFile(name, signal);
  await source.close();
  return read;
}

async function checkShipped(
  source: ByteSource,
  { sha256 }: ShippedModel,
  signal?: AbortSignal,
): Promise<void> {
  const digest = await digestOf(source, signal);
  if (digest === sha256) return;
  throw new QragError(
    "MODEL_INVALID",
    `this is not the file that the package came with: its SHA-256 is ${digest}, not ${sha256}. ` +
      "Install the package again; a model of your own is used when it is named, wherever it lies",
  );
}

/** The SHA-256 of a model's file, in hexadecimal digits. */
export async function modelDigest(path: string, signal?: AbortSignal): Promise<string> {
  const source = await openFile(path);
  try {
    return await digestOf(source, signal);
  } finally {
    await source.close();
  }
}

async function digestOf(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(Math.min(chunkBytes, source.size));
  for (let at = 0; at < source.size; at += chunkBytes) {
    signal?.throwIfAborted();
    hash.update(await source.read(at, Math.min(chunkBytes, source.size - at), chunk));
  }
  return hash.digest("hex");
}

/** Opens a file; whatever goes wrong with it, now or in a later read, is a QragError. `missing` says what its absence means. */
export async function openFile(
  path: string,
  missing = "there is no such file",
): Promise<ByteSource> {
  let source: ByteSource;
  try {
    source = await fileSource(path);
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException)?.code === "ENOENT";
    const message = `${path}: the model could not be opened: ${absent ? missing : reason(cause)}`;
    throw new QragError("MODEL_NOT_FOUND", message, { cause });
  }
  return {
    size: source.size,
    async read(offset, length, into) {
      try {
        return await source.read(offset, length, into);
      } catch (cause) {
        throw new QragError("MODEL_INVALID", `could not be read: ${reason(cause)}`, { cause });
      }
    },
    close: () => source.close(),
  };
}

/** What was wrong with the file, with its path; other errors (an abort, a missing addon) as they are. */
export function modelError(error: unknown, path: string): unknown {
  if (error instanceof GgufError) {
    const code = error.kind === "unsupported" ? "MODEL_UNSUPPORTED" : "MODEL_INVALID";
    return new QragError(code, `${path}: ${error.message}`, { cause: error });
  }
  if (error instanceof QragError && /^(MODEL|TOKENIZER)_/.test(error.code)) {
    return new QragError(error.code, `${path}: ${error.message}`, { cause: error });
  }
  return error;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
