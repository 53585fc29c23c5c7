// The folder of pulled models: endpoint/owner--repo/commit, and which commit each revision was when last pulled.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeAtomically } from "../../base/atomic_file.ts";
import { makeFolder } from "../../base/make_folder.ts";
import { isObject } from "../checks.ts";
import { Entry, entryName, isEntryName } from "./entry.ts";
import { type HubReference, isCommit } from "./reference.ts";
import type { HubSettings } from "./settings.ts";

/** Which entry a revision is. */
export interface Pointer {
  readonly revision: string;
  /** The name of the entry's folder. */
  readonly entry: string;
}

export class Cache {
  /** For one endpoint: another may have other models of the same name. */
  readonly #folder: string;

  constructor({ cacheFolder, endpoint }: Pick<HubSettings, "cacheFolder" | "endpoint">) {
    this.#folder = join(hubFolder(cacheFolder), encodeURIComponent(endpoint));
  }

  entry(reference: HubReference, commit: string): Entry {
    return new Entry(join(this.#repository(reference), entryName(commit, reference.file)));
  }

  /** The entry with the model: for the named commit, or the one that the revision was when it was last pulled. */
  async find(reference: HubReference): Promise<Entry | undefined> {
    const { revision, file } = reference;
    const pointer = isCommit(revision)
      ? { revision, entry: entryName(revision, file) }
      : await readPointer(this.#pointer(reference));
    // On some systems, names that differ only in case are one file.
    if (pointer?.revision !== revision) return undefined;
    const entry = new Entry(join(this.#repository(reference), pointer.entry));
    return (await entry.found()) && entry;
  }

  /** Notes which commit the revision is now. A commit is noted, too: what was asked for is not pruned. */
  async remember(reference: HubReference, commit: string): Promise<void> {
    const { revision, file } = reference;
    const pointer: Pointer = { revision, entry: entryName(commit, file) };
    const path = this.#pointer(reference);
    await makeFolder(dirname(path));
    await writeAtomically(path, { force: true }, (sink) =>
      sink.write(Buffer.from(`${JSON.stringify(pointer)}\n`)),
    );
  }

  #repository({ owner, repo }: HubReference): string {
    return join(this.#folder, `${owner}--${repo}`);
  }

  /** One for each revision and file that was named: they are pulled at different times. */
  #pointer(reference: HubReference): string {
    const { revision, file } = reference;
    const name = entryName(encodeURIComponent(revision), file);
    return join(pointerFolder(this.#repository(reference)), `of-${name}.json`);
  }
}

/** The part of the cache that holds models from hubs. */
export function hubFolder(cacheFolder: string): string {
  return join(cacheFolder, "hub");
}

/** In the folder of a repository. */
export function pointerFolder(repository: string): string {
  return join(repository, "revisions");
}

/** All pointers in the folder of a repository. */
export async function pointersIn(repository: string): Promise<Pointer[]> {
  const folder = pointerFolder(repository);
  const names = await readdir(folder).catch(() => []);
  const pointers = await Promise.all(names.map((name) => readPointer(join(folder, name))));
  return pointers.filter((pointer) => pointer !== undefined);
}

async function readPointer(path: string): Promise<Pointer | undefined> {
  try {
    const pointer: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isObject(pointer)) return undefined;
    const { revision, entry } = pointer;
    const sound = typeof revision === "string" && typeof entry === "string" && isEntryName(entry);
    return sound ? { revision, entry } : undefined;
  } catch {
    return undefined;
  }
}
