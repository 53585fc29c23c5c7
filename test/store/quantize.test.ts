import { describe, expect, it } from "vitest";
import { unit } from "../../src/rounded_vector.ts";
import { quantize } from "../../src/store/quantize.ts";

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
