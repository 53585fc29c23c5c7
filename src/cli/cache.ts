// qrag cache: what was pulled from hubs, listed and removed.
import { quote } from "../../base/quote.ts";
import { type CachedModel, cachedModels, prune } from "../hub/contents.ts";
import { cacheFolder } from "../hub/settings.ts";
import { agoText, sizeText } from "./amounts.ts";
import { oneOf, parseArguments, UsageError } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { printable, table, tell, writeJson, writeLine, writeReport } from "./output.ts";

const help = `Usage: qrag cache [list|prune|path] [options]

Lists the models that were pulled from a hub, removes some of them, or prints the folder they are in. Without options,
prune removes incomplete downloads, and models of a branch or tag that has since been pulled with another commit. It
leaves alone what another process is pulling.

Options of prune:
      --older-than AGE  also remove models that were not used for this long: 12h, 30d, 8w
      --all             remove everything
Options:
      --json            print JSON: {folder, models}, for prune {folder, removed}
  -h, --help            print this help

Example:
  qrag cache prune --older-than 30d
`;

const actions = ["list", "prune", "path"] as const;

export const command: Command = {
  help,
  async run(args, io) {
    const options = { "older-than": { type: "string" }, all: { type: "boolean" } } as const;
    const { values, positionals } = parseArguments(args, options, ["ACTION"], 0);
    const action = oneOf(positionals[0] ?? "list", actions, "ACTION");
    const { "older-than": age, all = false, json = false } = values;
    if (action !== "prune" && (age !== undefined || all)) {
      throw new UsageError("--older-than and --all are options of prune");
    }
    const before = age === undefined ? undefined : new Date(Date.now() - milliseconds(age));
    const folder = cacheFolder(io.env);
    if (action === "path") {
      if (json) await writeJson(io, { folder });
      else await writeLine(io, folder);
      return exitCodes.done;
    }
    const models = await cachedModels(folder);
    if (action === "list") await list(io, folder, models, json);
    else await report(io, folder, await prune(models, { before, all }), json);
    return exitCodes.done;
  },
};

async function list(
  io: Io,
  folder: string,
  models: readonly CachedModel[],
  json: boolean,
): Promise<void> {
  if (json) return writeJson(io, { folder, models: models.map(facts) });
  if (models.length === 0) {
    tell(io, `No models have been pulled: ${printable(folder)} is empty.\n`);
    return;
  }
  const now = Date.now();
  const rows = models.map(({ source, revisions, commit, bytes, used, state }) => [
    source,
    revisions.filter((revision) => revision !== commit).join(", "),
    commit.slice(0, 12),
    sizeText(bytes),
    agoText(now - used.getTime()),
    state === "ready" ? "" : state,
  ]);
  await writeReport(io, table(["MODEL", "REVISION", "COMMIT", "SIZE", "USED", ""], rows));
}

async function report(
  io: Io,
  folder: string,
  removed: readonly CachedModel[],
  json: boolean,
): Promise<void> {
  if (json) return writeJson(io, { folder, removed: removed.map(facts) });
  for (const { source, commit } of removed) {
    await writeLine(io, `${printable(source)} ${commit.slice(0, 12)}`);
  }
  const bytes = removed.reduce((sum, model) => sum + model.bytes, 0);
  const what =
    removed.length === 0 ? "Nothing to remove." : `${removed.length} removed, ${sizeText(bytes)}`;
  tell(io, `${what}\n`);
}

function facts({ entry, source, revisions, commit, bytes, used, state }: CachedModel) {
  const path = state === "incomplete" ? undefined : entry.model;
  return { source, revisions, commit, state, path, bytes, used: used.toISOString() };
}

function milliseconds(age: string): number {
  const [, count, unit] = /^(\d{1,4})([hdw])$/.exec(age) ?? [];
  if (unit === undefined) {
    throw new UsageError(`expected an age such as 30d for --older-than but received ${quote(age)}`);
  }
  return Number(count) * { h: 1, d: 24, w: 7 * 24 }[unit as "h" | "d" | "w"] * 3_600_000;
}
