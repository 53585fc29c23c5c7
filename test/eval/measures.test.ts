import { describe, expect, it } from "vitest";
import { Measurable, type ScoredRow } from "../../src/eval/measures.ts";
import { randomNumbers } from "../../src/eval/random.ts";

const rowOf = (query: string, label: 0 | 1, score: number, kind = "near-miss"): ScoredRow => ({
  query,
  label,
  score,
  kind,
  accepted: score > 0,
});

describe("Measurable", () => {
  it("measures what can be counted by hand", () => {
    const rows = [
      rowOf("a", 1, 2, "positive"),
      rowOf("a", 0, 1),
      rowOf("b", 1, -1, "positive"),
      rowOf("b", 0, -2, "cross-domain"),
      rowOf("c", 0, -3, "cross-domain"),
      rowOf("d", 0, -1),
      rowOf("d", 0, 3, "cross-domain"),
    ];
    expect(new Measurable(rows).measure()).toEqual({
      accuracy: 4 / 7,
      sameDomain: 2 / 4,
      crossDomain: 2 / 3,
      precision: 1 / 3,
      recall: 1 / 2,
      f1: 2 / 5,
      // c and d have no relevant row; d accepted one.
      refusalRate: 1 / 2,
      // 2 is above -3, -2, -1 and 1; -1 is above -3 and -2 and level with -1; 3 is above both.
      auc: (4 + 2.5) / 10,
    });
  });

  it("has no value where there is nothing to measure", () => {
    expect(new Measurable([rowOf("a", 1, -1, "positive")]).measure()).toEqual({
      accuracy: 0,
      sameDomain: null,
      crossDomain: null,
      precision: null,
      recall: 0,
      f1: 0,
      refusalRate: null,
      auc: null,
    });
    expect(new Measurable([]).measure()).toMatchObject({ accuracy: null, f1: null });
  });

  it("finds the area that counting all pairs finds, ties half", () => {
    const random = randomNumbers(3);
    const rows = Array.from({ length: 120 }, (_, n) =>
      rowOf(`q${n % 17}`, random() < 0.3 ? 1 : 0, Math.floor(random() * 12)),
    );
    let wins = 0;
    let pairs = 0;
    for (const positive of rows.filter(({ label }) => label === 1)) {
      for (const negative of rows.filter(({ label }) => label === 0)) {
        pairs++;
        wins += positive.score > negative.score ? 1 : positive.score === negative.score ? 0.5 : 0;
      }
    }
    expect(new Measurable(rows).measure().auc).toBeCloseTo(wins / pairs, 12);
  });

  it("counts a query as often as its weight says", () => {
    const random = randomNumbers(4);
    const rows = Array.from({ length: 60 }, (_, n) =>
      rowOf(`q${n % 10}`, random() < 0.4 ? 1 : 0, Math.floor(random() * 9) - 4),
    );
    const weights = Array.from({ length: 10 }, () => Math.floor(random() * 3));
    const repeated = rows.flatMap((row) =>
      Array.from({ length: weights[Number(row.query.slice(1))]! }, (_, copy) => ({
        ...row,
        query: `${row.query}-${copy}`,
      })),
    );
    expect(new Measurable(rows).measure(weights)).toEqual(new Measurable(repeated).measure());
  });
});
