// qrag index: documents from files and folders into a store, once or whenever they change.
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { QragError } from "../../base/errors.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { type Indexed, Indexing } from "./indexing.ts";
import type { Io } from "./io.ts";
import { printable, tell, writeJson, writeLine } from "./output.ts";
import { PathWatch, pollingSeconds } from "./path_watch.ts";
import { embedderHelp, storeHelp, storeOptions, withEmbedder, withStore } from "./store_options.ts";

const help = `Usage: qrag index PATH... [options]

Puts documents into a store: files, and in folders those that end in .md, .markdown, .txt, .html, .htm, .pdf (needs
npm i unpdf) or .docx (needs npm i mammoth). Those that have not changed since cost nothing. Documents of these folders
that are no longer there leave the store. Files that cannot be read are named. Hidden files and node_modules are passed
over, and so is what .gitignore and .qragignore files in the folders name.

Options:
${storeHelp}
${embedderHelp}
      --no-ignore     take what .gitignore and .qragignore name, too
      --watch         stay, and index what changes, until interrupted
      --json          print {added, updated, unchanged, removed, passages, unreadable}
  -h, --help          print this help

Example:
  qrag index notes/
  qrag ask "how do I descale the machine"
`;

const options = {
  ...storeOptions,
  "no-ignore": { type: "boolean" },
  watch: { type: "boolean" },
} as const;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, options, Array(100_000).fill("PATH"), 1);
    if (positionals.some((path) => path === "-")) {
      throw new UsageError("documents come from files and folders, not from standard input");
    }
    await checkThere(positionals);
    // Before the first run, so that no change is missed.
    const changes = values.watch ? watchTelling(io, positionals) : undefined;
    const report = reporter(io, values.json === true);
    const { store: path, "state-embedder": stateEmbedder } = values;
    const settings = { store: path, create: true, stateEmbedder };
    try {
      await withEmbedder(io, values.embedder, (embedder) =>
        withStore(io, settings, embedder, async (store) => {
          const indexing = new Indexing(io, store, positionals, values["no-ignore"] !== true);
          await report(await indexing.run());
          if (changes) await keepUp(io, indexing, changes, report);
        }),
      );
    } finally {
      changes?.close();
    }
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

function watchTelling(io: Io, paths: readonly string[]): PathWatch {
  return new PathWatch(paths, ({ message }) =>
    tell(
      io,
      `qrag: changes cannot be watched for here (${printable(message)}); looking every ${pollingSeconds} seconds instead\n`,
    ),
  );
}

/** Until it is interrupted, which is how it is meant to end. */
async function keepUp(
  io: Io,
  indexing: Indexing,
  changes: PathWatch,
  report: (indexed: Indexed) => Promise<void>,
): Promise<void> {
  try {
    for (;;) {
      await changes.next(io.signal);
      const indexed = await indexedInTheEnd(io, indexing);
      if (indexed.added || indexed.updated || indexed.removed) await report(indexed);
    }
  } catch (error) {
    if (!io.signal.aborted) throw error;
  }
}

/** Tries again for as long as something passing is in the way. */
async function indexedInTheEnd(io: Io, indexing: Indexing): Promise<Indexed> {
  for (;;) {
    const indexed = await indexing.run().catch((error: unknown) => tellPassing(io, error));
    if (indexed) return indexed;
    await sleep(pollingSeconds * 1000, undefined, { signal: io.signal });
  }
}

/** A file that is being replaced, or another process that writes: it is in order some seconds later. */
function tellPassing(io: Io, error: unknown): void {
  const passing =
    error instanceof QragError && ["INPUT_INVALID", "STORE_BUSY"].includes(error.code);
  if (!passing) throw error;
  tell(io, `qrag: ${printable(error.message)}\n`);
}

/** Names what could not be read once. */
function reporter(io: Io, json: boolean): (indexed: Indexed) => Promise<void> {
  const told = new Set<string>();
  return async ({ added, updated, unchanged, removed, passages, unreadable }) => {
    if (json) {
      return writeJson(io, { added, updated, unchanged, removed, passages, unreadable });
    }
    for (const { path, reason } of unreadable) {
      const line = `qrag: ${printable(path)} left out: ${printable(reason)}\n`;
      if (!told.has(line)) tell(io, line);
      told.add(line);
    }
    await writeLine(
      io,
      `${added} added, ${updated} updated, ${unchanged} unchanged, ${removed} removed; ${passages} new passages`,
    );
  };
}
