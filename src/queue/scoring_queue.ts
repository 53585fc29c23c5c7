// The queue in front of a model: one native call at a time, concurrent requests merged into fair, bounded batches.

import { QragError } from "../../base/errors.ts";
import type { NativeModel, ScoreMode } from "../../native/contract.ts";
import { Aborts } from "./aborts.ts";
import { QueueEntry, type Scored, type Sequence } from "./queue_entry.ts";

/**
 * Tokens in a batch. Enough that loading the weights is shared by several prompts, little enough that an abort, a
 * dispose or another request's turn is at most some hundred milliseconds away on a slow processor.
 */
const defaultBatchTokens = 1024;

export interface RunOptions {
  readonly mode?: ScoreMode;
  readonly signal?: AbortSignal | undefined;
}

interface Part {
  readonly request: QueueEntry;
  readonly sequences: Sequence[];
}

/** What the queue needs of a model. */
export interface ScoringModel extends Pick<NativeModel, "score"> {
  dispose(): void | Promise<void>;
}

/** Owns the model: disposing the engine disposes it. */
export class ScoringQueue {
  readonly #model: ScoringModel;
  readonly #outputCount: number;
  readonly #batchTokens: number;
  readonly #aborts = new Aborts();
  /** Every request that has not ended. */
  readonly #live = new Set<QueueEntry>();
  /** Those that want to be computed, the longest waiting first. */
  readonly #waiting = new Set<QueueEntry>();
  #pumping = false;
  /** Settles when the last batch so far is done. */
  #pump: Promise<void> = Promise.resolve();
  #disposed = false;
  #freed: void | Promise<void> = undefined;

  constructor(model: ScoringModel, outputCount: number, batchTokens = defaultBatchTokens) {
    this.#model = model;
    this.#outputCount = outputCount;
    this.#batchTokens = batchTokens;
  }

  /**
   * Scores sequences, in order, handing each out when its batch is done. Sequences are taken from the iterable at most
   * a batch ahead, while the model computes, and no batch is computed for a caller who has not fetched the one before.
   */
  async *run<S extends Sequence>(
    sequences: Iterable<S> | AsyncIterable<S>,
    { mode = "decision", signal }: RunOptions = {},
  ): AsyncGenerator<Scored<S>, void> {
    if (this.#disposed) throw disposed();
    signal?.throwIfAborted();
    const request = new QueueEntry(sequences, mode);
    this.#live.add(request);
    if (signal) this.#aborts.add(signal, request);
    try {
      do {
        this.#enqueue(request);
        for (const scored of await request.fetch()) {
          request.throwIfFailed();
          yield scored;
        }
        request.throwIfFailed();
      } while (!request.done);
    } finally {
      if (signal) this.#aborts.delete(signal, request);
      this.#live.delete(request);
      this.#waiting.delete(request);
      request.close();
    }
  }

  /** Rejects queued and running work with DISPOSED and frees the model. Resolves when nothing runs any more. */
  async dispose(): Promise<void> {
    if (!this.#disposed) {
      this.#disposed = true;
      for (const request of this.#live) request.fail(disposed());
      this.#waiting.clear();
      this.#freed = this.#model.dispose();
    }
    await this.#pump;
    await this.#freed;
  }

  #enqueue(request: QueueEntry): void {
    this.#waiting.add(request);
    void request.prepare(this.#batchTokens);
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump = this.#compute();
  }

  /** Computes batches until nobody waits. */
  async #compute(): Promise<void> {
    // Whatever is asked for in the same turn joins the first batch; a lone request waits for nothing else.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const share = this.#batchTokens / this.#waiting.size;
      await Promise.all(Array.from(this.#waiting, (request) => request.prepare(share)));
      const parts = this.#nextBatch();
      if (parts.length === 0) continue;
      await this.#score(parts);
      // A turn for those who got results, to ask for more or to stop, and for the rest of the program.
      await new Promise(setImmediate);
    }
    // In the same turn as the last look at who waits: no request can slip in between.
    this.#pumping = false;
  }

  /**
   * Takes sequences of one mode from the waiting requests in turn: from each its share of the room that is left, and at
   * least one sequence. Requests that have just come, and have none ready, wait on. A request's sequences stay
   * neighbours, because they have the query's tokens in common.
   */
  #nextBatch(): Part[] {
    const parts: Part[] = [];
    let room = this.#batchTokens;
    let unserved = this.#waiting.size;
    for (const request of this.#waiting) {
      const share = room / unserved--;
      if (request.failed) {
        this.#waiting.delete(request);
        continue;
      }
      if (parts[0] && parts[0].request.mode !== request.mode) continue;
      const sequences = takeShare(request, share, parts[0] ? room : Infinity);
      if (sequences.length > 0) parts.push({ request, sequences });
      // The next one does not fit: it keeps its place, first in the next batch.
      else if (request.peek()) break;
      else if (!request.conclude()) continue;
      this.#waiting.delete(request);
      room -= tokensIn(sequences);
    }
    return parts;
  }

  async #score(parts: readonly Part[]): Promise<void> {
    try {
      const { mode } = parts[0]!.request;
      const sequences = parts.flatMap((part) => part.sequences);
      const { tokens, offsets } = pack(sequences);
      const computing = this.#model.score(tokens, offsets, mode);
      for (const { request } of parts) void request.prepare(this.#batchTokens / parts.length);
      const values = await computing;
      const width = mode === "decision" ? this.#outputCount : 1;
      if (values.length !== sequences.length * width) {
        const expected = `${sequences.length} x ${width}`;
        throw new QragError(
          "INTERNAL",
          `The engine gave ${values.length} numbers, not ${expected}`,
        );
      }
      let row = 0;
      for (const part of parts) {
        part.request.deliver(
          part.sequences.map((sequence) => {
            const first = row++ * width;
            return { sequence, values: values.subarray(first, first + width) };
          }),
        );
      }
    } catch (error) {
      for (const part of parts) part.request.fail(error);
    }
  }
}

/** Sequences up to the share, at least one; none if the first is larger than the room. */
function takeShare(request: QueueEntry, share: number, room: number): Sequence[] {
  const taken: Sequence[] = [];
  let tokens = 0;
  for (let next = request.peek(); next; next = request.peek()) {
    tokens += next.tokens.length;
    if (tokens > (taken.length === 0 ? room : share)) break;
    request.take();
    taken.push(next);
  }
  return taken;
}

/** Sequences end to end; number i is tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]. */
function pack(sequences: readonly Sequence[]): { tokens: Int32Array; offsets: Int32Array } {
  const tokens = new Int32Array(tokensIn(sequences));
  const offsets = new Int32Array(sequences.length + 1);
  let end = 0;
  for (const [index, sequence] of sequences.entries()) {
    tokens.set(sequence.tokens, end);
    end += sequence.tokens.length;
    offsets[index + 1] = end;
  }
  return { tokens, offsets };
}

function tokensIn(sequences: readonly Sequence[]): number {
  return sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

function disposed(): QragError {
  return new QragError("DISPOSED", "The gate was disposed. Load it again to go on.");
}
