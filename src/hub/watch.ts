// Aborts a request when its caller does, or when the server has been silent for too long.

export class Watch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #caller: AbortSignal | undefined;
  readonly #forward = () => this.#controller.abort(this.#caller?.reason);

  constructor(caller: AbortSignal | undefined, idleMs: number) {
    caller?.throwIfAborted();
    this.#caller = caller;
    caller?.addEventListener("abort", this.#forward);
    const idle = () =>
      this.#controller.abort(new Error(`the server was silent for ${idleMs / 1000} s`));
    this.#timer = setTimeout(idle, idleMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Call it whenever something arrives. */
  alive(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#forward);
  }
}
