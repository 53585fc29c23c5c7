// Tells entries that their signal was aborted, with one listener per signal: Node warns of a leak from the eleventh.

interface Failable {
  fail(reason: unknown): void;
}

interface Watch {
  readonly entries: Set<Failable>;
  readonly listener: () => void;
}

export class Aborts {
  readonly #watches = new Map<AbortSignal, Watch>();

  /** From now on an abort fails the entry with the signal's reason. */
  add(signal: AbortSignal, entry: Failable): void {
    let watch = this.#watches.get(signal);
    if (!watch) {
      const entries = new Set<Failable>();
      const listener = () => {
        for (const each of entries) each.fail(signal.reason);
      };
      signal.addEventListener("abort", listener);
      watch = { entries, listener };
      this.#watches.set(signal, watch);
    }
    watch.entries.add(entry);
  }

  delete(signal: AbortSignal, entry: Failable): void {
    const watch = this.#watches.get(signal);
    if (!watch) return;
    watch.entries.delete(entry);
    if (watch.entries.size > 0) return;
    signal.removeEventListener("abort", watch.listener);
    this.#watches.delete(signal);
  }
}
