import { describe, expect, it } from "vitest";
import { quantize, unit } from "../../src/store/quantize.ts";
import { nearest, type Segment } from "../../src/store/scan.ts";

/** Numbers that look random, the same ones every time. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

describe("quantization", () => {
  it("makes vectors of length 1 and keeps them to half a step", () => {
    const dimensions = 30;
    const matrix = numbers(10 * dimensions, 1);
    const { vectors, scales, bits } = quantize(matrix, dimensions);
    for (let row = 0; row < 10; row++) {
      const wanted = unit(matrix.subarray(row * dimensions, (row + 1) * dimensions));
      for (const [index, value] of wanted.entries()) {
        const kept = vectors[row * dimensions + index]! * scales[row]!;
        expect(Math.abs(kept - value)).toBeLessThanOrEqual(scales[row]! * 0.5001);
        expect((bits[row * 4 + (index >> 3)]! >> (index & 7)) & 1).toBe(value > 0 ? 1 : 0);
      }
    }
  });

  it("keeps a vector of zeros", () => {
    expect(quantize(new Float32Array(8), 8)).toEqual({
      vectors: new Int8Array(8),
      scales: new Float32Array(1),
      bits: new Uint8Array(1),
    });
  });
});

describe("nearest", () => {
  const dimensions = 16;
  const segment = (rows: number, seed: number): Segment =>
    quantize(numbers(rows * dimensions, seed), dimensions);

  it("finds what sorting all of them finds", async () => {
    const segments = [segment(300, 1), segment(1, 2), segment(77, 3)];
    const query = unit(numbers(dimensions, 4));
    const all = segments.flatMap(({ vectors, scales }, segment) =>
      Array.from(scales, (scale, row) => {
        let product = 0;
        for (let i = 0; i < dimensions; i++) product += query[i]! * vectors[row * dimensions + i]!;
        return { segment, row, score: product * scale };
      }),
    );
    all.sort((a, b) => b.score - a.score);
    for (const k of [1, 7, 378, 1000]) {
      expect(await nearest(query, dimensions, segments, { k })).toEqual(all.slice(0, k));
    }
  });

  it("gives equal scores in the order of segment and row", async () => {
    const one = quantize(new Float32Array(5 * dimensions).fill(1), dimensions);
    const query = unit(new Float32Array(dimensions).fill(1));
    const found = await nearest(query, dimensions, [one, one], { k: 7 });
    expect(found.map(({ segment, row }) => [segment, row])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 3],
      [0, 4],
      [1, 0],
      [1, 1],
    ]);
  });

  it("passes over rows that are skipped", async () => {
    const one = segment(20, 5);
    const query = unit(numbers(dimensions, 6));
    const [best] = await nearest(query, dimensions, [one], { k: 1 });
    const skip = new Uint8Array(3);
    skip[best!.row >> 3]! |= 1 << (best!.row & 7);
    const rest = await nearest(query, dimensions, [{ ...one, skip }], { k: 20 });
    expect(rest).toHaveLength(19);
    expect(rest.map(({ row }) => row)).not.toContain(best!.row);
  });

  it("stops when it is told to", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    const query = unit(numbers(dimensions, 6));
    await expect(nearest(query, dimensions, [segment(2, 1)], { k: 1, signal })).rejects.toBe(
      reason,
    );
  });
});
