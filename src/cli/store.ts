// qrag store: a store's numbers, its documents, its health.
import { resolve } from "node:path";
import type { Store } from "../store/store.ts";
import { sizeText } from "./amounts.ts";
import { oneOf, parseArguments, UsageError } from "./arguments.ts";
import { type Command, type ExitCode, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { printable, table, tell, writeJson, writeLine, writeReport } from "./output.ts";
import { progressBar } from "./progress.ts";
import {
  embedderHelp,
  storeHelp,
  storeOptions,
  withEmbedder,
  withModel,
  withStore,
} from "./store_options.ts";

const help = `Usage: qrag store stats|list|verify|compact|remove|reembed [ID...] [options]

  stats     prints how many documents and passages there are, and whose vectors they have
  list      prints the documents
  verify    reads everything, and prints what does not fit together; exits with 3 if something does not
  compact   gives back the room of what was removed
  remove    removes the documents with the IDs: for those of qrag index, their paths
  reembed   makes all vectors again with another embedding model

Options:
${storeHelp}
For reembed:
${embedderHelp}
      --json          print JSON; for list JSON lines
  -h, --help          print this help

Example:
  qrag store stats
`;

const actions = ["stats", "list", "verify", "compact", "remove", "reembed"] as const;
const reading: readonly string[] = ["stats", "list"];

export const command: Command = {
  help,
  async run(args, io) {
    const names = ["ACTION", ...Array<string>(1000).fill("ID")];
    const { values, positionals } = parseArguments(args, storeOptions, names, 1);
    const [first, ...ids] = positionals;
    const action = oneOf(first!, actions, "ACTION");
    if ((action === "remove") !== ids.length > 0) {
      throw new UsageError(action === "remove" ? "ID is missing" : `${action} takes no IDs`);
    }
    const { store: path, embedder, "state-embedder": state, json = false } = values;
    if (action === "reembed") {
      return reembed(io, path, { embedder, state }, json);
    }
    if (embedder !== undefined || state !== undefined) {
      const option = embedder === undefined ? "--state-embedder" : "--embedder";
      throw new UsageError(`${option} is an option of reembed`);
    }
    const settings = { store: path, readOnly: reading.includes(action) };
    return withStore(io, settings, undefined, (store) => run[action](io, store, json, ids));
  },
};

type Run = (io: Io, store: Store, json: boolean, ids: string[]) => Promise<ExitCode>;

const run: Record<Exclude<(typeof actions)[number], "reembed">, Run> = {
  async stats(io, store, json) {
    const stats = await store.stats();
    if (json) await writeJson(io, stats);
    else {
      const { documents, passages, model, dimensions, deletedVectors, bytes } = stats;
      const asked = model?.stateSha256
        ? `, with a state embedder (${short(model.stateSha256)})`
        : "";
      const vectors = model
        ? `${dimensions} dimensions, of ${model.name || "a model without a name"} (${short(model.sha256)})${asked}`
        : "none: keywords only";
      const rows: [string, string | number][] = [
        ["documents", documents],
        ["passages", passages],
        ["vectors", vectors],
        ["vectors of removed passages", deletedVectors],
        ["size", sizeText(bytes)],
      ];
      const lines = rows.map(([name, value]) => `${name}: ${printable(String(value))}\n`);
      await writeReport(io, lines.join(""));
    }
    return exitCodes.done;
  },
  async list(io, store, json) {
    const rows: [string, number][] = [];
    for await (const document of store.list()) {
      if (json) await writeJson(io, document);
      else rows.push([document.id, document.passages]);
    }
    if (!json) await writeReport(io, table(["DOCUMENT", "PASSAGES"], rows));
    return exitCodes.done;
  },
  async verify(io, store, json) {
    const verification = await store.verify();
    if (json) await writeJson(io, verification);
    else if (verification.ok) await writeLine(io, "Everything fits together.");
    else for (const problem of verification.problems) await writeLine(io, printable(problem));
    return verification.ok ? exitCodes.done : exitCodes.bad;
  },
  async compact(io, store, json) {
    const before = (await store.stats()).bytes;
    await store.compact();
    const after = (await store.stats()).bytes;
    if (json) await writeJson(io, { before, after });
    else await writeLine(io, `${sizeText(before)} before, ${sizeText(after)} now`);
    return exitCodes.done;
  },
  async remove(io, store, json, ids) {
    // `qrag index` takes a document's absolute path for its id.
    const removed = await store.remove(ids.flatMap((id) => [id, resolve(id)]));
    if (json) await writeJson(io, { removed });
    else await writeLine(io, `${removed} removed`);
    const missing = ids.length - removed;
    const were = missing === 1 ? "was" : "were";
    if (missing > 0) tell(io, `${missing} ${were} not in the store.\n`);
    return exitCodes.done;
  },
};

/** Of a digest, what tells it from others. */
function short(digest: string): string {
  return digest.slice(0, 12);
}

async function reembed(
  io: Io,
  path: string | undefined,
  models: { readonly embedder: string | undefined; readonly state: string | undefined },
  json: boolean,
): Promise<ExitCode> {
  return withEmbedder(io, models.embedder, (embedder) => {
    if (!embedder) throw new UsageError("reembed needs an embedding model");
    return withModel(io, models.state, (stateEmbedder) =>
      withStore(io, { store: path }, undefined, async (store) => {
        const bar = progressBar(io, "embedding");
        const { signal } = io;
        await store
          .reembed(embedder, { stateEmbedder, signal, onProgress: bar.update })
          .finally(bar.clear);
        return run.stats(io, store, json, []);
      }),
    );
  });
}
