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
  /** Made, and not yet taken. */
  readonly #ready: S[] = [];
  #ended = false;
  /** What the source threw instead of a sequence; thrown in turn when that one would be next. */
  #broken: { readonly error: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #results: readonly Scored<S>[] | undefined;
  #wake: (() => void) | undefined;

  constructor(sequences: Iterable<S>, mode: ScoreMode) {
    this.#source = sequences[Symbol.iterator]();
    this.mode = mode;
  }

  /** The sequence that comes next. Made now if it was not yet. */
  peek(): S | undefined {
    if (this.#ready.length === 0) this.#make();
    if (this.#ready.length === 0 && this.#broken) throw this.#broken.error;
    return this.#ready[0];
  }

  take(): S | undefined {
    const sequence = this.peek();
    this.#ready.shift();
    return sequence;
  }

  /** Makes sequences of so many tokens ahead of their turn: there is time while the model computes. */
  prepare(tokens: number): void {
    let made = this.#ready.reduce((sum, sequence) => sum + sequence.tokens.length, 0);
    while (made < tokens && !this.#ended) made += this.#make();
  }

  /** Asks the source for one more sequence; its number of tokens, 0 if there is none. */
  #make(): number {
    if (this.#ended) return 0;
    try {
      const result = this.#source.next();
      if (!result.done) {
        this.#ready.push(result.value);
        return result.value.tokens.length;
      }
    } catch (error) {
      this.#broken = { error };
    }
    this.#ended = true;
    return 0;
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
