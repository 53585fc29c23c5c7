// What the cache holds, and how it is pruned.
import { readdir, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { hubFolder, pointerFolder, pointersIn } from "./cache.ts";
import { Entry, isEntryName } from "./entry.ts";

export interface CachedModel {
  readonly entry: Entry;
  /** As a user would name it, without the revision. */
  readonly source: string;
  readonly commit: string;
  /** The branches and tags that are this commit, as far as is known, and the commit if it was named itself. */
  readonly revisions: readonly string[];
  readonly bytes: number;
  readonly used: Date;
  /** "superseded": its branches and tags have been pulled since, and are other commits now. */
  readonly state: "ready" | "incomplete" | "superseded";
}

/** All entries, the most recently used first. */
export async function cachedModels(cacheFolder: string): Promise<CachedModel[]> {
  const models: CachedModel[] = [];
  const root = hubFolder(cacheFolder);
  for (const endpoint of await namesIn(root)) {
    for (const name of await namesIn(join(root, endpoint))) {
      models.push(...(await modelsOf(join(root, endpoint, name))));
    }
  }
  return models.sort((a, b) => b.used.getTime() - a.used.getTime());
}

export interface PruneOptions {
  /** Also models that were not used since. */
  readonly before?: Date | undefined;
  /** Everything. */
  readonly all?: boolean | undefined;
}

/** Removes what is incomplete or superseded, and what the options say, but nothing that a process is working on. */
export async function prune(
  models: readonly CachedModel[],
  { before, all = false }: PruneOptions,
): Promise<CachedModel[]> {
  const removed: CachedModel[] = [];
  for (const model of models) {
    const { entry, state, used } = model;
    const goes = all || state !== "ready" || (before !== undefined && used < before);
    if (!goes || (await entry.busy())) continue;
    await entry.remove();
    await removeEmpty(dirname(entry.folder));
    removed.push(model);
  }
  return removed;
}

/** The entries of a repository. */
async function modelsOf(repository: string): Promise<CachedModel[]> {
  const pointers = await pointersIn(repository);
  const names = (await namesIn(repository)).filter(isEntryName);
  return Promise.all(
    names.map(async (name) => {
      const entry = new Entry(join(repository, name));
      const manifest = await entry.found();
      const here = pointers.filter((pointer) => pointer.entry === name);
      const complete = here.length > 0 ? "ready" : "superseded";
      return {
        entry,
        source: manifest?.source ?? `hf:${basename(repository).replace("--", "/")}`,
        commit: name.slice(0, 40),
        revisions: here.map(({ revision }) => revision).sort(),
        bytes: await bytesIn(entry.folder),
        used: await entry.used(),
        state: manifest ? complete : "incomplete",
      } as const;
    }),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await bytesIn(path);
    else if (entry.isFile()) bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/** Removes the folders of a repository without entries and of an endpoint without repositories. */
async function removeEmpty(repository: string): Promise<void> {
  if ((await namesIn(repository)).some(isEntryName)) return;
  await rm(pointerFolder(repository), { recursive: true, force: true });
  for (const folder of [repository, dirname(repository)]) await rmdir(folder).catch(() => {});
}
