// The walk through a folder: the files that may be documents, in the order of their paths.
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { documentEndings, endingOf } from "./format.ts";
import { isIgnored, type Rules, rulesOf } from "./ignore_rules.ts";
import type { OnUnreadable } from "./unreadable.ts";

export interface WalkOptions {
  /** Leaves out what .gitignore and .qragignore say. */
  readonly ignore: boolean;
  readonly onUnreadable: OnUnreadable;
  readonly signal?: AbortSignal | undefined;
}

/** Folders within each other; a path with more is nobody's notes. */
const depthLimit = 100;

/** Whatever the rules say: what is hidden, and what npm has installed. */
export function isPassedOver(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

export async function* filesIn(folder: string, options: WalkOptions): AsyncGenerator<string, void> {
  yield* filesBelow(folder, options, [], 1);
}

/** `above`: the rules of the folders above. */
async function* filesBelow(
  folder: string,
  options: WalkOptions,
  above: readonly Rules[],
  depth: number,
): AsyncGenerator<string, void> {
  const { onUnreadable, signal } = options;
  signal?.throwIfAborted();
  const entries = await entriesOf(folder, onUnreadable);
  const names = entries.map(({ name }) => name);
  const own = options.ignore ? await rulesOf(folder, names, onUnreadable) : undefined;
  const rules = own ? [...above, own] : above;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const isFolder = entry.isDirectory();
    if (!isFolder && !documentEndings.includes(endingOf(entry.name))) continue;
    if (isPassedOver(entry.name) || isIgnored(path, isFolder, rules)) continue;
    if (!isFolder) yield path;
    else if (depth < depthLimit) yield* filesBelow(path, options, rules, depth + 1);
    else onUnreadable({ path, reason: `more than ${depthLimit} folders deep` });
  }
}

async function entriesOf(folder: string, onUnreadable: OnUnreadable): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: Error) => {
    onUnreadable({ path: folder, reason: cause.message });
    return [];
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
