import { describe, expect, it } from "vitest";
import { cutsOf, oracleCut, refusedScore, type Scored } from "../../src/eval/cuts.ts";
import { randomNumbers } from "../../src/eval/random.ts";

const random = randomNumbers(5);
const rows: Scored[] = Array.from({ length: 200 }, () => ({
  score: Math.floor(random() * 30) / 7,
  label: random() < 0.4 ? 1 : 0,
}));

describe("cutsOf", () => {
  it("counts at each threshold what is above it", () => {
    const cuts = cutsOf(rows);
    expect(cuts).toHaveLength(new Set(rows.map(({ score }) => score)).size + 1);
    for (const { threshold, truePositives, falsePositives } of cuts) {
      const above = rows.filter(({ score }) => score > threshold);
      expect(truePositives).toBe(above.filter(({ label }) => label === 1).length);
      expect(falsePositives).toBe(above.filter(({ label }) => label === 0).length);
    }
    expect(cuts[0]).toMatchObject({ truePositives: 0, falsePositives: 0 });
    expect(cuts.at(-1)!.truePositives + cuts.at(-1)!.falsePositives).toBe(rows.length);
  });

  it("separates neighbouring numbers between which there is none", () => {
    const next = 1 + Number.EPSILON;
    const [, middle] = cutsOf([
      { score: 1, label: 0 },
      { score: next, label: 1 },
    ]);
    expect(middle).toEqual({ threshold: 1, truePositives: 1, falsePositives: 0 });
  });
});

describe("refused rows", () => {
  const refused = ([0, 0, 1] as const).map((label) => ({ label, score: refusedScore }));

  it("are above no threshold, and move none", () => {
    expect(cutsOf([...refused, ...rows])).toEqual(cutsOf(rows));
    expect(cutsOf(refused)).toEqual([{ threshold: 0, truePositives: 0, falsePositives: 0 }]);
  });

  it("leave the best threshold where the judged rows have it", () => {
    expect(oracleCut([...rows, ...refused])).toEqual(oracleCut(rows));
    expect(oracleCut(refused).threshold).toBe(0);
  });
});

describe("oracleCut", () => {
  it("is right as often as the best of all thresholds", () => {
    const right = (threshold: number) =>
      rows.filter(({ score, label }) => score > threshold === (label === 1)).length;
    const tried = [-1, ...rows.map(({ score }) => score)].map(right);
    expect(right(oracleCut(rows).threshold)).toBe(Math.max(...tried));
  });

  it("refuses everything when nothing else is better, and accepts everything when that is", () => {
    const scored = (labels: readonly (0 | 1)[]) => labels.map((label, score) => ({ score, label }));
    expect(oracleCut(scored([1, 0, 0])).threshold).toBe(2);
    expect(oracleCut(scored([1, 1, 0])).threshold).toBeLessThan(0);
  });
});
