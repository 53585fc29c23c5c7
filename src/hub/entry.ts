// An entry of the cache: the folder of one model at one commit. It counts once its manifest is there.
import { createHash } from "node:crypto";
import { readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../base/atomic_file.ts";
import { makeFolder } from "../../base/make_folder.ts";
import { storing } from "./errors.ts";
import { isLocked, withLock } from "./lock.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

export class Entry {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get model(): string {
    return join(this.folder, "model.gguf");
  }

  /** Downloads, until the model is made of them. */
  get files(): string {
    return join(this.folder, "files");
  }

  get #manifest(): string {
    return join(this.folder, "manifest.json");
  }

  get #lock(): string {
    return join(this.folder, "lock");
  }

  /** The manifest, if the model is there and has the right length. */
  async found(): Promise<Manifest | undefined> {
    const json = await readFile(this.#manifest, "utf8").catch(() => undefined);
    const manifest = json === undefined ? undefined : parseManifest(json);
    if (!manifest) return undefined;
    const file = await stat(this.model).catch(() => undefined);
    return file?.size === manifest.model.bytes ? manifest : undefined;
  }

  async write(manifest: Manifest): Promise<void> {
    await writeAtomically(this.#manifest, { force: true }, (sink) =>
      sink.write(Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`)),
    );
  }

  /** Sets the manifest's time to now: when the model was last used. A read-only cache works, too. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.#manifest, now, now).catch(() => {});
  }

  /** When the model was last used, or something was last downloaded. */
  async used(): Promise<Date> {
    const paths = [this.#manifest, this.files, this.folder];
    for (const path of paths) {
      const found = await stat(path).catch(() => undefined);
      if (found) return found.mtime;
    }
    return new Date(0);
  }

  /** Runs `work` while no other process works on this entry. */
  async alone<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await makeFolder(this.folder);
    return withLock(this.#lock, signal, work);
  }

  busy(): Promise<boolean> {
    return isLocked(this.#lock);
  }

  /** The manifest first, so that half an entry does not count. */
  async remove(): Promise<void> {
    await storing(this.folder, async () => {
      await rm(this.#manifest, { force: true });
      await rm(this.folder, { recursive: true, force: true });
    });
  }
}

/** The name of an entry's folder: the commit, and a digest of the file's name if the user named one. */
export function entryName(commit: string, file: string | undefined): string {
  if (file === undefined) return commit;
  return `${commit}-${createHash("sha256").update(file).digest("hex").slice(0, 12)}`;
}

export function isEntryName(name: string): boolean {
  return /^[0-9a-f]{40}(-[0-9a-f]{12})?$/.test(name);
}
