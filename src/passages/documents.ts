// The documents of a folder, with their text: read where they are text, extracted where they are PDF or DOCX.
import type { Stats } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { belowPrefix } from "../../base/below.ts";
import { QragError } from "../../base/errors.ts";
import { Extraction, isExtracted } from "./extraction.ts";
import type { SourceDocument } from "./split.ts";
import type { OnUnreadable } from "./unreadable.ts";
import { filesIn } from "./walk.ts";

/** What tells whether a file has changed. */
export type FileState = Pick<Stats, "ctimeMs" | "size" | "ino">;

export interface DocumentsOptions {
  /** Leave out what .gitignore and .qragignore in the folder and those below it say; default true. */
  readonly ignore?: boolean;
  /** Asked before a file is read; what is known is passed over. */
  readonly isKnown?: (path: string, state: FileState) => boolean;
  readonly signal?: AbortSignal;
}

const limits = {
  /** Of a document that is text: the longest of novels has 4 MiB. */
  bytes: 16 * 1024 * 1024,
  /** Of one that text is extracted from: most of it is pictures. */
  extractedBytes: 64 * 1024 * 1024,
  /** Of one folder. */
  documents: 100_000,
} as const;

/**
 * A file is a document, whatever its ending. Below a folder, names that begin with a dot, node_modules, links to
 * folders and what the folders' ignore rules say are passed over. What cannot be read, or is a link that leads out of
 * the folder, is reported and left out; only `path` itself has to be there.
 */
export async function* documentsIn(
  path: string,
  onUnreadable: OnUnreadable,
  { ignore = true, isKnown = () => false, signal }: DocumentsOptions = {},
): AsyncGenerator<SourceDocument, void> {
  const root = await rootOf(path);
  const files = root === undefined ? [path] : filesIn(path, { ignore, onUnreadable, signal });
  const extraction = new Extraction();
  const read = async (file: string) => {
    const state = await checked(file, root);
    return isKnown(file, state) ? undefined : textOf(file, extraction, signal);
  };
  let count = 0;
  try {
    for await (const file of files) {
      signal?.throwIfAborted();
      if (++count > limits.documents) {
        const message = `${path} holds more than ${limits.documents} documents; take a part of it`;
        throw new QragError("INPUT_INVALID", message);
      }
      const text = await read(file).catch((error: Error) => {
        signal?.throwIfAborted();
        onUnreadable({ path: file, reason: error.message });
      });
      if (text !== undefined) yield { path: file, text };
    }
  } finally {
    await extraction.close();
  }
}

/** The folder as the system names it; undefined for a file. */
async function rootOf(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? await realpath(path) : undefined;
  } catch (cause) {
    const message = `${path} could not be read: ${(cause as Error).message}`;
    throw new QragError("INPUT_INVALID", message, { cause });
  }
}

/** `root`: the folder that is walked. */
async function checked(path: string, root: string | undefined): Promise<FileState> {
  const found = await stat(path);
  // A folder from somewhere else may name any file of this machine.
  if (root !== undefined && !(await realpath(path)).startsWith(belowPrefix(root))) {
    throw new Error("a link that leads out of the folder");
  }
  // A pipe would be waited for.
  if (!found.isFile()) throw new Error("not a file");
  const most = isExtracted(path) ? limits.extractedBytes : limits.bytes;
  if (found.size > most) throw new Error(`longer than ${most} bytes`);
  return found;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

async function textOf(
  path: string,
  extraction: Extraction,
  signal: AbortSignal | undefined,
): Promise<string> {
  const bytes = await readFile(path);
  if (isExtracted(path)) return extraction.textOf(path, bytes, signal);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error("not valid UTF-8");
  }
}
