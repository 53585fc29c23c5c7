// Tells requests that their signal was aborted, with one listener per signal: Node warns of a leak from the eleventh.

interface Failable {
  fail(reason: unknown): void;
}

interface Watch {
  readonly requests: Set<Failable>;
  readonly listener: () => void;
}

export class Aborts {
  readonly #watches = new Map<AbortSignal, Watch>();

  /** From now on an abort fails the request with the signal's reason. */
  add(signal: AbortSignal, request: Failable): void {
    let watch = this.#watches.get(signal);
    if (!watch) {
      const requests = new Set<Failable>();
      const listener = () => {
        for (const each of requests) each.fail(signal.reason);
      };
      signal.addEventListener("abort", listener);
      watch = { requests, listener };
      this.#watches.set(signal, watch);
    }
    watch.requests.add(request);
  }

  delete(signal: AbortSignal, request: Failable): void {
    const watch = this.#watches.get(signal);
    if (!watch) return;
    watch.requests.delete(request);
    if (watch.requests.size > 0) return;
    signal.removeEventListener("abort", watch.listener);
    this.#watches.delete(signal);
  }
}
