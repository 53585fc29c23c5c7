// The vectors nearest to a query, over segments of int8 rows: a plain loop over all of them.

/** Rows of int8, each with the factor that gives the numbers back. */
export interface Segment {
  readonly vectors: Int8Array;
  readonly scales: Float32Array;
  /** A bit a dimension: set where the number is above 0, the lowest bit first; rows begin at a byte. */
  readonly bits?: Uint8Array;
  /** A bit a row, the lowest first: set where the row is not to be found. */
  readonly skip?: Uint8Array;
}

export interface Nearest {
  readonly segment: number;
  readonly row: number;
  /** The inner product. */
  readonly score: number;
}

export interface NearestOptions {
  readonly k: number;
  readonly signal?: AbortSignal | undefined;
}

/** The best first; equal ones in the order of segment and row. */
export async function nearest(
  query: Float32Array,
  dimensions: number,
  segments: readonly Segment[],
  { k, signal }: NearestOptions,
): Promise<Nearest[]> {
  const best = new Best(k);
  for (const [segment, { vectors, scales, skip }] of segments.entries()) {
    signal?.throwIfAborted();
    for (let row = 0; row < scales.length; row++) {
      if (skip && isSet(skip, row)) continue;
      const score = product(query, vectors, row * dimensions) * scales[row]!;
      if (score > best.least) best.add({ segment, row, score });
    }
  }
  return best.sorted();
}

export function isSet(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
}

function product(query: Float32Array, vectors: Int8Array, start: number): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += query[i]! * vectors[start + i]!;
  return sum;
}

/** The k best so far, in no order until there are twice as many. */
class Best {
  readonly #k: number;
  #found: Nearest[] = [];
  /** What is not above it cannot be among the best: those that come later lose a tie. */
  least = -Infinity;

  constructor(k: number) {
    this.#k = k;
  }

  add(one: Nearest): void {
    this.#found.push(one);
    if (this.#found.length < 2 * this.#k) return;
    this.#found = this.sorted();
    this.least = this.#found.at(-1)!.score;
  }

  sorted(): Nearest[] {
    return this.#found
      .sort((a, b) => b.score - a.score || a.segment - b.segment || a.row - b.row)
      .slice(0, this.#k);
  }
}
