import { describe, expect, it } from "vitest";
import { rankingMeasures } from "../../src/eval/ranking.ts";

describe("rankingMeasures", () => {
  it("computes nDCG and recall as by hand", () => {
    const grades = new Map([
      [1, 2],
      [2, 1],
      [3, 1],
      [4, 0],
    ]);
    const { ndcg10, recall10, recallAtDepth, queries } = rankingMeasures([
      { grades, ranking: [9, 1, 4, 2] },
    ]);
    const ideal = 2 + 1 / Math.log2(3) + 1 / 2;
    expect(ndcg10).toBeCloseTo((2 / Math.log2(3) + 1 / Math.log2(5)) / ideal, 12);
    expect([recall10, recallAtDepth, queries]).toEqual([2 / 3, 2 / 3, 1]);
  });

  it("looks at the first ten only, and averages over queries", () => {
    const late = { grades: new Map([[1, 1]]), ranking: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1] };
    const first = { grades: new Map([[1, 1]]), ranking: [1] };
    expect(rankingMeasures([late, first])).toEqual({
      queries: 2,
      ndcg10: 0.5,
      recall10: 0.5,
      recallAtDepth: 1,
    });
  });

  it("counts queries for which nothing was found", () => {
    const lost = { grades: new Map([[1, 1]]), ranking: [] };
    expect(rankingMeasures([lost])).toMatchObject({ ndcg10: 0, recall10: 0, recallAtDepth: 0 });
  });
});
