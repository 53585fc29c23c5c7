// The queue in front of a model: one native call at a time, concurrent entries merged into fair, bounded batches.

import { Aborts } from "../../base/aborts.ts";
import { QragError } from "../../base/errors.ts";
import type { NativeModel, ScoreMode } from "../../native/contract.ts";
import { QueueEntry, type Scored, type Sequence } from "./queue_entry.ts";

/**
 * Tokens in a batch. Enough that loading the weights is shared by several prompts, little enough that an abort, a
 * dispose or another entry's turn is at most some hundred milliseconds away on a slow processor.
 */
const defaultBatchTokens = 1024;

export interface RunOptions {
  readonly mode?: ScoreMode;
  readonly signal?: AbortSignal | undefined;
}

interface Part {
  readonly entry: QueueEntry;
  readonly sequences: Sequence[];
}

/** What the queue needs of a model. */
export interface ScoringModel extends Pick<NativeModel, "score"> {
  dispose(): void | Promise<void>;
}

/** Owns the model: disposing the engine disposes it. */
export class ScoringQueue {
  readonly #model: ScoringModel;
  /** Numbers that the model gives for a sequence: its output rows, or its vector. */
  readonly #width: number;
  readonly #batchTokens: number;
  readonly #aborts = new Aborts();
  /** Every entry that has not ended. */
  readonly #live = new Set<QueueEntry>();
  /** Those that want to be computed, the longest waiting first. */
  readonly #waiting = new Set<QueueEntry>();
  #pumping = false;
  /** Settles when the last batch so far is done. */
  #pump: Promise<void> = Promise.resolve();
  #disposed = false;
  #freed: void | Promise<void> = undefined;

  constructor(model: ScoringModel, width: number, batchTokens = defaultBatchTokens) {
    this.#model = model;
    this.#width = width;
    this.#batchTokens = batchTokens;
  }

  /**
   * Scores sequences, in order, handing each out when its batch is done. Sequences are taken from the iterable at most
   * a batch ahead, while the model computes, and no batch is computed for a caller who has not fetched the one before.
   */
  async *run<S extends Sequence>(
    sequences: Iterable<S> | AsyncIterable<S>,
    options: RunOptions = {},
  ): AsyncGenerator<Scored<S>, void> {
    for await (const batch of this.batches(sequences, options)) {
      for (const scored of batch) {
        this.throwIfEnded(options.signal);
        yield scored;
      }
    }
  }

  /** As `run`, but what is done is handed out together. */
  async *batches<S extends Sequence>(
    sequences: Iterable<S> | AsyncIterable<S>,
    { mode = "decision", signal }: RunOptions = {},
  ): AsyncGenerator<readonly Scored<S>[], void> {
    this.throwIfEnded(signal);
    const entry = new QueueEntry(sequences, mode);
    this.#live.add(entry);
    if (signal) this.#aborts.add(signal, entry);
    try {
      do {
        this.#enqueue(entry);
        const scored = await entry.fetch();
        if (scored.length > 0) yield scored;
        entry.throwIfFailed();
      } while (!entry.done);
    } finally {
      if (signal) this.#aborts.delete(signal, entry);
      this.#live.delete(entry);
      this.#waiting.delete(entry);
      entry.close();
    }
  }

  /** For whoever hands out results one by one: nothing more comes after an abort, or once the queue is disposed. */
  throwIfEnded(signal: AbortSignal | undefined): void {
    if (this.#disposed) throw disposed();
    signal?.throwIfAborted();
  }

  /** Rejects queued and running work with DISPOSED and frees the model. Resolves when nothing runs any more. */
  async dispose(): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = true;
      for (const entry of this.#live) entry.fail(disposed());
      this.#waiting.clear();
      this.#freed = this.#model.dispose();
    }
    await this.#pump;
    await this.#freed;
  }

  #enqueue(entry: QueueEntry): void {
    this.#waiting.add(entry);
    void entry.prepare(this.#batchTokens);
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump = this.#compute();
  }

  /** Computes batches until nobody waits. */
  async #compute(): Promise<void> {
    // Whatever is asked for in the same turn joins the first batch; a lone entry waits for nothing else.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const share = this.#batchTokens / this.#waiting.size;
      await Promise.all(Array.from(this.#waiting, (entry) => entry.prepare(share)));
      const parts = this.#nextBatch();
      if (parts.length === 0) continue;
      await this.#score(parts);
      // Yield to the event loop, so that callers can continue or stop.
      await new Promise(setImmediate);
    }
    // In the same turn as the last look at who waits: no entry can slip in between.
    this.#pumping = false;
  }

  /**
   * Takes sequences of one mode from the waiting entries in turn: from each its share of the room that is left, and at
   * least one sequence. Entries that have just come, and have none ready, wait on. A entry's sequences stay
   * neighbours, because they have the query's tokens in common.
   */
  #nextBatch(): Part[] {
    const parts: Part[] = [];
    let room = this.#batchTokens;
    let unserved = this.#waiting.size;
    for (const entry of this.#waiting) {
      const share = room / unserved--;
      if (entry.failed) {
        this.#waiting.delete(entry);
        continue;
      }
      if (parts[0] && parts[0].entry.mode !== entry.mode) continue;
      const sequences = takeShare(entry, share, parts[0] ? room : Infinity);
      if (sequences.length > 0) parts.push({ entry, sequences });
      // The next one does not fit: it keeps its place, first in the next batch.
      else if (entry.peek()) break;
      else if (!entry.conclude()) continue;
      this.#waiting.delete(entry);
      room -= tokensIn(sequences);
    }
    return parts;
  }

  async #score(parts: readonly Part[]): Promise<void> {
    try {
      const { mode } = parts[0]!.entry;
      const sequences = parts.flatMap((part) => part.sequences);
      const { tokens, offsets, seconds } = pack(sequences);
      const computing = this.#model.score(tokens, offsets, mode, seconds);
      for (const { entry } of parts) void entry.prepare(this.#batchTokens / parts.length);
      const values = await computing;
      const width = mode === "decision" || mode === "embed" ? this.#width : 1;
      if (values.length !== sequences.length * width) {
        const expected = `${sequences.length} x ${width}`;
        throw new QragError(
          "INTERNAL",
          `The engine gave ${values.length} numbers, not ${expected}`,
        );
      }
      let row = 0;
      for (const part of parts) {
        part.entry.deliver(
          part.sequences.map((sequence) => {
            const first = row++ * width;
            return { sequence, values: values.subarray(first, first + width) };
          }),
        );
      }
    } catch (error) {
      for (const part of parts) part.entry.fail(error);
    }
  }
}

/** Sequences up to the share, at least one; none if the first is larger than the room. */
function takeShare(entry: QueueEntry, share: number, room: number): Sequence[] {
  const taken: Sequence[] = [];
  let tokens = 0;
  for (let next = entry.peek(); next; next = entry.peek()) {
    tokens += next.tokens.length;
    if (tokens > (taken.length === 0 ? room : share)) break;
    entry.take();
    taken.push(next);
  }
  return taken;
}

/** Sequences end to end, as NativeModel.score takes them; no seconds where none has a second text. */
function pack(sequences: readonly Sequence[]): {
  tokens: Int32Array;
  offsets: Int32Array;
  seconds: Int32Array | undefined;
} {
  const tokens = new Int32Array(tokensIn(sequences));
  const offsets = new Int32Array(sequences.length + 1);
  let end = 0;
  for (const [index, sequence] of sequences.entries()) {
    tokens.set(sequence.tokens, end);
    end += sequence.tokens.length;
    offsets[index + 1] = end;
  }
  const paired = sequences.some(({ second }) => second !== undefined);
  const seconds = paired
    ? Int32Array.from(sequences, ({ tokens: { length }, second = length }) => second)
    : undefined;
  return { tokens, offsets, seconds };
}

function tokensIn(sequences: readonly Sequence[]): number {
  return sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

function disposed(): QragError {
  return new QragError("DISPOSED", "The model was disposed. Load it again to go on.");
}
