// One caller's share of the queue: sequences not yet computed, results not yet fetched, and how it ends.
import type { ScoreMode } from "../native/binding.ts";

/** A prompt to score; callers may attach what they need to recognise it. */
export interface Sequence {
  readonly tokens: Int32Array;
}

export interface Scored<S extends Sequence> {
  readonly sequence: S;
  /** What the model gave for it, as the mode has it. */
  readonly values: Float32Array;
}

export class Request<S extends Sequence = Sequence> {
  readonly mode: ScoreMode;
  readonly #source: Iterator<S>;
  #next: S | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #results: readonly Scored<S>[] | undefined;
  #wake: (() => void) | undefined;

  constructor(sequences: Iterable<S>, mode: ScoreMode) {
    this.#source = sequences[Symbol.iterator]();
    this.mode = mode;
  }

  /** The sequence that comes next. Made now if it was not yet: sequences are prepared as late as possible. */
  peek(): S | undefined {
    if (this.#next === undefined && !this.#ended) {
      const result = this.#source.next();
      if (result.done) this.#ended = true;
      else this.#next = result.value;
    }
    return this.#next;
  }

  take(): S | undefined {
    const sequence = this.peek();
    this.#next = undefined;
    return sequence;
  }

  /** Results of the sequences that were taken, in their order. */
  deliver(results: readonly Scored<S>[]): void {
    this.#results = results;
    this.#wake?.();
  }

  /** Ends the request; the first failure counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Lets the source clean up when its sequences are not wanted any more. */
  close(): void {
    this.#ended = true;
    this.#source.return?.();
  }

  /** Waits for the next delivery. */
  async fetch(): Promise<readonly Scored<S>[]> {
    if (!this.#results && !this.#failure) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.throwIfFailed();
    const results = this.#results ?? [];
    this.#results = undefined;
    return results;
  }
}
