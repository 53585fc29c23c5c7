// Tells when something at some paths, or below them, has changed; a burst of changes counts once.
import { EventEmitter, once } from "node:events";
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, resolve, sep } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ruleFiles } from "../passages/ignore_rules.ts";
import { isPassedOver } from "../passages/walk.ts";

const milliseconds = {
  /** Without a change; an editor that saves makes several. */
  quiet: 300,
  /** Changes that never end are told nevertheless. */
  most: 5000,
  /** Where the system cannot watch. */
  polling: 10_000,
} as const;

export const pollingSeconds = milliseconds.polling / 1000;

export class PathWatch {
  readonly #events = new EventEmitter();
  readonly #watchers: FSWatcher[] = [];
  readonly #onPolling: (cause: Error) => void;
  #polling: NodeJS.Timeout | undefined;
  #changed = false;
  #closed = false;

  /** Watches from now on. `onPolling`: the system cannot watch, and every ten seconds there may be a change. */
  constructor(paths: readonly string[], onPolling: (cause: Error) => void) {
    this.#onPolling = onPolling;
    try {
      for (const path of paths) this.#watch(path);
    } catch (cause) {
      this.#poll(cause as Error);
    }
  }

  /** Resolves behind the last of some changes, those that came since it was last asked among them. */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) await once(this.#events, "change", { signal });
    const first = performance.now();
    do {
      this.#changed = false;
      await setTimeout(milliseconds.quiet, undefined, { signal });
    } while (this.#changed && performance.now() - first < milliseconds.most);
    this.#changed = false;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#polling);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #watch(path: string): void {
    const folder = statSync(path).isDirectory();
    // An editor replaces a file, and a watch stays with the old one: its folder is watched.
    const name = folder ? undefined : basename(resolve(path));
    const watched = folder ? path : dirname(resolve(path));
    const watcher = watch(watched, { recursive: folder }, (_, found) => {
      if (found === null || (name === undefined ? counts(found) : found === name)) this.#change();
    });
    watcher.on("error", (cause: Error) => this.#poll(cause));
    this.#watchers.push(watcher);
  }

  #change(): void {
    this.#changed = true;
    this.#events.emit("change");
  }

  #poll(cause: Error): void {
    if (this.#closed || this.#polling) return;
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    this.#polling = setInterval(() => this.#change(), milliseconds.polling);
    this.#onPolling(cause);
  }
}

/** What the walk passes over is of no interest, but its rules are. */
function counts(path: string): boolean {
  const names = path.split(sep);
  const last = names.pop()!;
  return !names.some(isPassedOver) && (ruleFiles.includes(last) || !isPassedOver(last));
}
