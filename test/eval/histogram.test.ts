import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusedScore, type Scored } from "../../src/eval/cuts.ts";
import { histogramOf } from "../../src/eval/histogram.ts";

const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
const label = fc.constantFrom<0 | 1>(0, 1);
const judged = fc.record({ score: fc.double({ min: -20, max: 20, noNaN: true }), label });
const refused = fc.record({ score: fc.constant(refusedScore), label });

describe("histogramOf", () => {
  it("counts every judged row on its side of the threshold", () => {
    fc.assert(
      fc.property(fc.array(judged), fc.double({ min: -5, max: 5, noNaN: true }), (rows, line) => {
        const { edges, positives, negatives } = histogramOf(rows, line);
        const middle = edges.indexOf(line);
        const above = (wanted: 0 | 1) =>
          rows.filter(({ score, label }) => label === wanted && score > line).length;
        expect(sum(positives.slice(middle))).toBe(above(1));
        expect(sum(negatives.slice(middle))).toBe(above(0));
        expect(sum(positives) + sum(negatives)).toBe(rows.length);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("keeps refused rows out of the bins, and counts them", () => {
    fc.assert(
      fc.property(fc.array(judged), fc.array(refused), (rows, without) => {
        const { refused: counted, ...bins } = histogramOf([...without, ...rows], 0);
        const { refused: none, ...expected } = histogramOf(rows, 0);
        expect(bins).toEqual(expected);
        expect(none).toEqual({ positives: 0, negatives: 0 });
        const positives = without.filter((row) => row.label === 1).length;
        expect(counted).toEqual({ positives, negatives: without.length - positives });
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  it("has a bin on each side though all rows are refused", () => {
    const rows: Scored[] = [{ score: refusedScore, label: 1 }];
    expect(histogramOf(rows, 0.5).edges).toEqual([-0.5, 0.5, 1.5]);
  });
});
