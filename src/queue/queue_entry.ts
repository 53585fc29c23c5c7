// One caller's share of the queue: sequences not yet computed, results not yet fetched, and how it ends.
import type { ScoreMode } from "../../native/contract.ts";

/** An input to score; callers may attach what they need to recognise it. */
export interface Sequence {
  readonly tokens: Int32Array;
  /** Where its second text begins; absent where it has one. */
  readonly second?: number;
}

export interface Scored<S extends Sequence> {
  readonly sequence: S;
  /** What the model gave for it, as the mode has it. */
  readonly values: Float32Array;
}

/**
 * Its states: ready (peek has a sequence) -> taken (in a batch) -> delivered (results wait) -> fetched, and ready again;
 * in the end concluded (no sequence is left) or failed, from any state.
 */
export class QueueEntry<S extends Sequence = Sequence> {
  readonly mode: ScoreMode;
  readonly #source: Iterator<S> | AsyncIterator<S>;
  /** Made, and not yet taken. */
  readonly #ready: S[] = [];
  /** Tokens of those. */
  #readyTokens = 0;
  /** The next one, on its way. */
  #making: Promise<void> | undefined;
  /** No sequence will be made any more. */
  #ended = false;
  /** What the source threw instead of a sequence; told when that one would be next. */
  #broken: { readonly error: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #results: readonly Scored<S>[] | undefined;
  #wake: (() => void) | undefined;

  constructor(sequences: Iterable<S> | AsyncIterable<S>, mode: ScoreMode) {
    this.#source =
      Symbol.asyncIterator in sequences
        ? sequences[Symbol.asyncIterator]()
        : sequences[Symbol.iterator]();
    this.mode = mode;
  }

  /** The sequence that comes next, if it is ready. */
  peek(): S | undefined {
    return this.#ready[0];
  }

  /** Takes the one that `peek` gave. */
  take(): void {
    this.#readyTokens -= this.#ready.shift()!.tokens.length;
  }

  /** Whether all sequences were taken, and none is missing. */
  get done(): boolean {
    return this.#ended && this.#ready.length === 0 && !this.#broken;
  }

  /** When no sequence is left, delivers nothing, or fails with what the source threw. False while there may be more. */
  conclude(): boolean {
    if (!this.#ended || this.#ready.length > 0) return false;
    if (this.#broken) this.fail(this.#broken.error);
    else this.deliver([]);
    return true;
  }

  /** Makes sequences of so many tokens ahead of their turn, and resolves when they are ready. Never rejects. */
  async prepare(tokens: number): Promise<void> {
    while (this.#readyTokens < tokens && !this.#ended) {
      this.#making ??= this.#make();
      await this.#making;
    }
  }

  /** Asks the source for one more sequence. */
  async #make(): Promise<void> {
    try {
      const result = await this.#source.next();
      if (result.done) {
        this.#ended = true;
      } else {
        this.#ready.push(result.value);
        this.#readyTokens += result.value.tokens.length;
      }
    } catch (error) {
      this.#broken = { error };
      this.#ended = true;
    }
    this.#making = undefined;
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
    // A source that fails to clean up has nobody left to tell.
    void (async () => this.#source.return?.())().catch(() => {});
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
