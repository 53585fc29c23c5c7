// The vector side of a search: the passages nearest to a question, by int8, or by bits first where there are very many.
import { nearest } from "../../native/scan.ts";
import type { VectorHit } from "./fuse.ts";
import type { StoredSegment } from "./segments.ts";

/** From so many rows on bits come first; below, int8 takes a few milliseconds and misses nothing. */
const manyRows = 100_000;
/** Rows that are compared in int8 after their bits: of a million, these have 98 % of the true best. */
const leastCandidates = 1000;
const candidatesPerHit = 10;

export interface Rows {
  readonly segments: readonly StoredSegment[];
  /** Of the segments, without those that are skipped. */
  readonly count: number;
}

/** The nearest first. */
export async function vectorHits(
  query: Float32Array,
  { segments, count }: Rows,
  k: number,
  bitsFrom = manyRows,
): Promise<VectorHit[]> {
  const candidates = Math.max(leastCandidates, candidatesPerHit * k);
  const bits = count >= bitsFrom ? { candidates } : undefined;
  const found = await nearest(query, query.length, segments, { k, bits });
  return found.map(({ segment, row, score }) => ({
    passage: segments[segment]!.passages[row]!,
    distance: Math.min(2, Math.max(0, 1 - score)),
    similarity: score,
  }));
}
