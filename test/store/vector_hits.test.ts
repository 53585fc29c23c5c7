// The vector side: bits first where there are many rows, and the same hits as without; filters by passage.
import { describe, expect, it } from "vitest";
import { makeVectors } from "../../bench/scan/vectors.ts";
import { placeIn } from "../../src/store/ascending.ts";
import { quantize } from "../../src/store/quantize.ts";
import type { StoredSegment } from "../../src/store/segments.ts";
import { vectorHits } from "../../src/store/vector_hits.ts";

const made = makeVectors({
  rows: 6000,
  dimensions: 384,
  queries: 20,
  segmentRows: 1000,
  clusterRows: 100,
});

/** Passages have odd numbers. */
const segments = made.firsts.map((first, index): StoredSegment => {
  const rows = made.matrix.subarray(first * 384, (first + 1000) * 384);
  const passages = Uint32Array.from({ length: 1000 }, (_, row) => 2 * (first + row) + 1);
  return { number: index, passages, ...quantize(rows, 384) };
});

describe("many rows", () => {
  it("give the hits of int8 when bits come first", async () => {
    for (const query of made.queries) {
      const rows = { segments, count: 6000 };
      const exact = await vectorHits(query, rows, 10, 6001);
      expect(await vectorHits(query, rows, 10, 6000)).toEqual(exact);
      expect(exact).toHaveLength(10);
    }
  });

  it("are compared by bits, and not all of them in int8", async () => {
    // Bits that say the opposite of their rows: the nearest are the last to be looked at.
    const wrong = segments.map((segment) => ({
      ...segment,
      bits: segment.bits.map((each) => ~each),
    }));
    const query = made.queries[0]!;
    const rows = { segments: wrong, count: 6000 };
    const exact = await vectorHits(query, rows, 10, 6001);
    const byBits = await vectorHits(query, rows, 10, 6000);
    expect(byBits[0]!.distance).toBeGreaterThan(exact[0]!.distance);
  });
});

it("finds places in ascending numbers", () => {
  const numbers = Uint32Array.of(3, 5, 9);
  expect([0, 3, 4, 5, 9, 10].map((value) => placeIn(numbers, value))).toEqual([0, 0, 1, 1, 2, 3]);
});
