// The vectors nearest to a query, over segments in int8: on threads of the addon's, one search at a time.
import { Aborts } from "../base/aborts.ts";
import { QragError } from "../base/errors.ts";
import { availableProcessors } from "../base/processors.ts";
import type { NativeScan, Segment } from "./contract.ts";
import { addon } from "./loader.ts";
import { quantize, signBits } from "./quantize.ts";

export type { Segment };
export { quantize, signBits };

export interface NearestOptions {
  /** How many rows are wanted; there are fewer hits if there are fewer rows. */
  readonly k: number;
  /**
   * Look at bits first: only so many rows are compared in int8, those whose signs differ least from the query's. Every
   * segment needs its bits then. Default: all rows are compared in int8.
   */
  readonly bits?: { readonly candidates: number } | undefined;
  /** Default: the processors this process may use, at most 8. */
  readonly threads?: number | undefined;
  /** Stops the search; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Hit {
  readonly segment: number;
  readonly row: number;
  readonly score: number;
}

/** What the addon's kernels sum in 32 bits. */
const mostDimensions = 65_536;
const mostThreads = 8;

/**
 * The rows with the largest dot products with the query, the largest first, of equal ones the first row; a row whose
 * scale is NaN is left out. The same to the last bit on every processor, with any number of threads.
 *
 * The query becomes int8 with one scale; the sum of the products is exact, and the scores are it times both scales, in
 * doubles. Each number of the query is off by at most half of its scale, so a score, against the row as it is stored, by
 * at most that times the sum of the row's magnitudes. With vectors of length 1 in 384 dimensions and 0.2 as the query's
 * largest number that is 0.016 at worst, and some 0.0005 as a rule; the row's own int8 adds as much once more.
 *
 * The segments' memory is read where it is, never copied: until the promise settles it must neither change nor be
 * transferred elsewhere. It may be shared memory, but not resizable.
 */
export async function nearest(
  query: Float32Array,
  dimensions: number,
  segments: readonly Segment[],
  { k, bits, threads = defaultThreads(), signal }: NearestOptions,
): Promise<Hit[]> {
  signal?.throwIfAborted();
  const candidates = bits?.candidates ?? 0;
  if (bits && !(candidates >= k)) {
    throw invalid(`Expected at least k, which is ${k}, for candidates but received ${candidates}`);
  }
  const compared = comparable(query, dimensions, candidates > 0);
  line ??= new Line(new (addon().Scan)(""));
  const options = { k, candidates, threads };
  const triples = await line.wait(
    new Search(async (scan) => scan.nearest(compared, segments, options)),
    signal,
  );
  return hitsOf(triples);
}

function comparable(query: Float32Array, dimensions: number, withBits: boolean) {
  if (!(dimensions >= 1 && dimensions <= mostDimensions)) {
    throw invalid(`Expected 1 to ${mostDimensions} dimensions but received ${dimensions}`);
  }
  if (!(query instanceof Float32Array) || query.length !== dimensions) {
    throw invalid(`Expected a Float32Array of ${dimensions} numbers for the query`);
  }
  const { int8, scale } = quantize(query);
  if (scale === 0) throw invalid("Expected a query of some length but received zeros alone");
  return { vector: int8, scale, bits: withBits ? signBits(query) : undefined };
}

function hitsOf(triples: Float64Array): Hit[] {
  return Array.from({ length: triples.length / 3 }, (_, i) => ({
    segment: triples[3 * i]!,
    row: triples[3 * i + 1]!,
    score: triples[3 * i + 2]!,
  }));
}

let threadsHere: number | undefined;

function defaultThreads(): number {
  threadsHere ??= Math.min(availableProcessors(), mostThreads);
  return threadsHere;
}

function invalid(message: string): QragError {
  return new QragError("INPUT_INVALID", message);
}

/** One search: waiting, running, settled. */
class Search {
  readonly result: Promise<Float64Array>;
  readonly #call: (scan: NativeScan) => Promise<Float64Array>;
  #resolve!: (triples: Float64Array) => void;
  #reject!: (error: unknown) => void;
  /** The scan that works for it. */
  #scan: NativeScan | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(call: (scan: NativeScan) => Promise<Float64Array>) {
    this.#call = call;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** What is running rejects when the scan has let go of the memory. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    if (this.#scan) this.#scan.stop();
    else this.#reject(reason);
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Never rejects. */
  async run(scan: NativeScan): Promise<void> {
    this.#scan = scan;
    const settle = await this.#call(scan).then(
      (triples) => () => this.#resolve(triples),
      (error) => () => this.#reject(error),
    );
    // From now on an abort would stop somebody else's search.
    this.#scan = undefined;
    if (this.#failure) this.#reject(this.#failure.reason);
    else settle();
  }
}

/** Those who wait for the one scan: all its threads work for the first of them, since memory is what they wait for. */
class Line {
  readonly #scan: NativeScan;
  readonly #aborts = new Aborts();
  readonly #waiting: Search[] = [];
  #running = false;

  constructor(scan: NativeScan) {
    this.#scan = scan;
  }

  async wait(search: Search, signal: AbortSignal | undefined): Promise<Float64Array> {
    if (signal) this.#aborts.add(signal, search);
    this.#waiting.push(search);
    void this.#run();
    try {
      return await search.result;
    } finally {
      if (signal) this.#aborts.delete(signal, search);
    }
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (!next.failed) await next.run(this.#scan);
    }
    this.#running = false;
  }
}

let line: Line | undefined;
