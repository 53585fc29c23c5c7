// The order of rows: halves become pairs, head by head, whatever the rows are made of.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interleaveHalves } from "../../convert/write/pieces.ts";

describe("interleaveHalves", () => {
  it("pairs row i of the first half with row i of the second", () => {
    const rows = Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13);
    const turned = interleaveHalves(rows, 1, { keyLength: 4, ropeDimensionCount: 4 });
    expect([...turned]).toEqual([0, 2, 1, 3, 10, 12, 11, 13]);
  });

  it("leaves the dimensions that RoPE does not turn", () => {
    const rows = Uint8Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
    const turned = interleaveHalves(rows, 2, { keyLength: 6, ropeDimensionCount: 4 });
    expect([...turned]).toEqual([0, 0, 2, 2, 1, 1, 3, 3, 4, 4, 5, 5]);
  });

  it("makes rotating pairs what rotating halves was", () => {
    const numbers = fc.float({ noNaN: true, min: -4, max: 4 });
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 8, maxLength: 8 }), numbers, (head, angle) => {
        const halves = rotate(head, (i) => [i, i + 4], angle);
        const turn = (rows: number[]) => [
          ...interleaveHalves(Float32Array.from(rows), 1, { keyLength: 8, ropeDimensionCount: 8 }),
        ];
        const pairs = rotate(turn(head), (i) => [2 * i, 2 * i + 1], angle);
        for (const [index, value] of turn(halves).entries())
          expect(pairs[index]).toBeCloseTo(value, 4);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

/** RoPE on one head: pair i is turned by angle / 10^i. */
function rotate(
  head: readonly number[],
  pair: (i: number) => [number, number],
  angle: number,
): number[] {
  const result = [...head];
  for (let i = 0; i < head.length / 2; i++) {
    const [a, b] = pair(i);
    const [cos, sin] = [Math.cos(angle / 10 ** i), Math.sin(angle / 10 ** i)];
    result[a] = head[a]! * cos - head[b]! * sin;
    result[b] = head[a]! * sin + head[b]! * cos;
  }
  return result;
}
