// The documents of a folder: every .md, .markdown and .txt file below it, in the order of their paths.
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { belowPrefix } from "../../base/below.ts";
import { QragError } from "../../base/errors.ts";
import type { SourceDocument } from "./split.ts";

/** What could not be read, and why. */
export interface Unreadable {
  readonly path: string;
  readonly reason: string;
}

export const documentEndings: readonly string[] = [".md", ".markdown", ".txt"];

const limits = {
  /** Of one document: the longest of novels has 4 MiB. */
  bytes: 16 * 1024 * 1024,
  /** Of one folder. */
  documents: 100_000,
} as const;

/**
 * A file is a document, whatever its ending. Below a folder, names that begin with a dot, node_modules and links to
 * folders are passed over. What cannot be read, or is a link that leads out of the folder, is reported and left out;
 * only `path` itself has to be there.
 */
export async function* documentsIn(
  path: string,
  onUnreadable: (found: Unreadable) => void,
): AsyncGenerator<SourceDocument, void> {
  let count = 0;
  const folder = await stat(path).then(
    (found) => found.isDirectory(),
    (cause) => {
      const message = `${path} could not be read: ${cause.message}`;
      throw new QragError("INPUT_INVALID", message, { cause });
    },
  );
  const root = folder ? await realpath(path) : undefined;
  for await (const file of folder ? filesIn(path, onUnreadable) : [path]) {
    if (++count > limits.documents) {
      const message = `${path} holds more than ${limits.documents} documents; take a part of it`;
      throw new QragError("INPUT_INVALID", message);
    }
    const text = await textOf(file, root).catch((cause: Error) => {
      onUnreadable({ path: file, reason: cause.message });
    });
    if (text !== undefined) yield { path: file, text };
  }
}

async function* filesIn(
  folder: string,
  onUnreadable: (found: Unreadable) => void,
): AsyncGenerator<string, void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    onUnreadable({ path: folder, reason: cause.message });
    return [];
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path, onUnreadable);
    else if (documentEndings.includes(extname(entry.name).toLowerCase())) yield path;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `root`: the folder that is walked, as the system names it. */
async function textOf(path: string, root: string | undefined): Promise<string> {
  const found = await stat(path);
  // A folder from somewhere else may name any file of this machine.
  if (root !== undefined && !(await realpath(path)).startsWith(belowPrefix(root))) {
    throw new Error("a link that leads out of the folder");
  }
  // A pipe would be waited for.
  if (!found.isFile()) throw new Error("not a file");
  if (found.size > limits.bytes) throw new Error(`longer than ${limits.bytes} bytes`);
  const bytes = await readFile(path);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Error("not valid UTF-8");
  }
}
