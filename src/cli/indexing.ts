// Brings a store up to date with files and folders: what is new or has changed goes in, what is gone goes out.
import { resolve } from "node:path";
import { belowPrefix } from "../../base/below.ts";
import { documentsIn, type FileState } from "../passages/documents.ts";
import type { Unreadable } from "../passages/unreadable.ts";
import type { StoreDocument } from "../store/documents.ts";
import type { Store } from "../store/store.ts";
import type { Written } from "../store/write.ts";
import type { Io } from "./io.ts";
import { progressBar } from "./progress.ts";

export interface Indexed extends Written {
  readonly removed: number;
  readonly unreadable: readonly Unreadable[];
}

/** A file that has changed so recently may change again without looking different. */
const settledMilliseconds = 2000;

export class Indexing {
  readonly #io: Io;
  readonly #store: Store;
  readonly #paths: readonly string[];
  readonly #ignore: boolean;
  /** What files were like when they were last read. Their absolute paths are the documents' ids. */
  readonly #known = new Map<string, FileState>();

  /** `ignore`: leave out what .gitignore and .qragignore say. */
  constructor(io: Io, store: Store, paths: readonly string[], ignore: boolean) {
    this.#io = io;
    this.#store = store;
    this.#paths = paths;
    this.#ignore = ignore;
  }

  /** Reads everything for the first time, and then what does not look as it did. */
  async run(): Promise<Indexed> {
    const seen = new Set<string>();
    const read = new Map<string, FileState>();
    const unreadable: Unreadable[] = [];
    const bar = progressBar(this.#io, "indexing");
    const { signal } = this.#io;
    const written = await this.#store
      .add(this.#documents(seen, read, unreadable), { signal, onProgress: bar.update })
      .finally(bar.clear);
    const gone = await this.#gone(seen, unreadable);
    const removed = gone.length > 0 ? await this.#store.remove(gone) : 0;
    for (const id of gone) this.#known.delete(id);
    for (const { path } of unreadable) read.delete(resolve(path));
    for (const [id, state] of read) this.#known.set(id, state);
    return {
      ...written,
      unchanged: seen.size - written.added - written.updated,
      removed,
      unreadable,
    };
  }

  /** Absolute paths as ids, so that a store is the same from every folder. */
  async *#documents(
    seen: Set<string>,
    read: Map<string, FileState>,
    unreadable: Unreadable[],
  ): AsyncGenerator<StoreDocument, void> {
    const isKnown = (path: string, { ctimeMs, size, ino }: FileState) => {
      const id = resolve(path);
      const known = this.#known.get(id);
      const same = known?.ctimeMs === ctimeMs && known.size === size && known.ino === ino;
      if (same) seen.add(id);
      else if (Date.now() - ctimeMs > settledMilliseconds) read.set(id, { ctimeMs, size, ino });
      return same;
    };
    const options = { ignore: this.#ignore, isKnown, signal: this.#io.signal };
    for (const path of this.#paths) {
      for await (const document of documentsIn(path, (each) => unreadable.push(each), options)) {
        const id = resolve(document.path);
        if (seen.has(id)) continue;
        seen.add(id);
        yield { id, path: id, text: document.text };
      }
    }
  }

  /** What the store has of these folders and was not there any more; what could not be read stays. */
  async #gone(seen: ReadonlySet<string>, unreadable: readonly Unreadable[]): Promise<string[]> {
    const folders = this.#paths.map((path) => belowPrefix(resolve(path)));
    const kept = unreadable.map(({ path }) => resolve(path));
    const ids: string[] = [];
    for await (const { id } of this.#store.list()) {
      if (seen.has(id) || !folders.some((folder) => id.startsWith(folder))) continue;
      if (!kept.some((path) => id === path || id.startsWith(belowPrefix(path)))) ids.push(id);
    }
    return ids;
  }
}
