// qrag index: documents from files and folders into a store.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { belowPrefix } from "../../base/below.ts";
import { QragError } from "../../base/errors.ts";
import { documentsIn, type Unreadable } from "../passages/documents.ts";
import type { StoreDocument } from "../store/documents.ts";
import type { Store } from "../store/store.ts";
import type { Written } from "../store/write.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { printable, tell, writeJson, writeLine } from "./output.ts";
import { progressBar } from "./progress.ts";
import { embedderHelp, storeHelp, storeOptions, withEmbedder, withStore } from "./store_options.ts";

const help = `Usage: qrag index PATH... [options]

Puts documents into a store: files, and the .md, .markdown and .txt files in folders. Those that have not changed since
cost nothing. Documents of these folders that are no longer there leave the store. Files that cannot be read are named.

Options:
${storeHelp}
${embedderHelp}
      --json          print {added, updated, unchanged, removed, passages, unreadable}
  -h, --help          print this help

Example:
  qrag index notes/
  qrag ask "how do I descale the machine"
`;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(
      args,
      storeOptions,
      Array(100_000).fill("PATH"),
      1,
    );
    if (positionals.some((path) => path === "-")) {
      throw new UsageError("documents come from files and folders, not from standard input");
    }
    await checkThere(positionals);
    const unreadable: Unreadable[] = [];
    const { store: path, "state-embedder": stateEmbedder } = values;
    const done = await withEmbedder(io, values.embedder, (embedder) =>
      withStore(io, { store: path, create: true, stateEmbedder }, embedder, (store) =>
        indexPaths(io, store, positionals, unreadable),
      ),
    );
    await report(io, done, unreadable, values.json === true);
    return exitCodes.done;
  },
};

/** Before anything is written: a mistyped path must not leave an empty store behind. */
async function checkThere(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await stat(path).catch((cause: Error) => {
      const message = `${path} could not be read: ${cause.message}`;
      throw new QragError("INPUT_INVALID", message, { cause });
    });
  }
}

interface Indexed extends Written {
  readonly removed: number;
}

async function indexPaths(
  io: Io,
  store: Store,
  paths: readonly string[],
  unreadable: Unreadable[],
): Promise<Indexed> {
  const seen = new Set<string>();
  const bar = progressBar(io, "indexing");
  const written = await store
    .add(documentsOf(paths, seen, unreadable), { signal: io.signal, onProgress: bar.update })
    .finally(bar.clear);
  return { ...written, removed: await store.remove(await absent(store, paths, seen, unreadable)) };
}

/** Their absolute paths are their ids, so that a store is the same from every folder. */
async function* documentsOf(
  paths: readonly string[],
  seen: Set<string>,
  unreadable: Unreadable[],
): AsyncGenerator<StoreDocument, void> {
  for (const path of paths) {
    for await (const document of documentsIn(path, (found) => unreadable.push(found))) {
      const id = resolve(document.path);
      if (seen.has(id)) continue;
      seen.add(id);
      yield { id, path: id, text: document.text };
    }
  }
}

/** What the store has of these folders and was not there any more; what could not be read stays. */
async function absent(
  store: Store,
  paths: readonly string[],
  seen: ReadonlySet<string>,
  unreadable: readonly Unreadable[],
): Promise<string[]> {
  const folders = paths.map((path) => belowPrefix(resolve(path)));
  const kept = unreadable.map(({ path }) => resolve(path));
  const ids: string[] = [];
  for await (const { id } of store.list()) {
    if (seen.has(id) || !folders.some((folder) => id.startsWith(folder))) continue;
    if (!kept.some((path) => id === path || id.startsWith(belowPrefix(path)))) ids.push(id);
  }
  return ids;
}

async function report(
  io: Io,
  { added, updated, unchanged, removed, passages }: Indexed,
  unreadable: readonly Unreadable[],
  json: boolean,
): Promise<void> {
  if (json) {
    return writeJson(io, { added, updated, unchanged, removed, passages, unreadable });
  }
  for (const { path, reason } of unreadable) {
    tell(io, `qrag: ${printable(path)} left out: ${printable(reason)}\n`);
  }
  await writeLine(
    io,
    `${added} added, ${updated} updated, ${unchanged} unchanged, ${removed} removed; ${passages} new passages`,
  );
}
