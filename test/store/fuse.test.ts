import { describe, expect, it } from "vitest";
import {
  adaptiveMixing,
  crowdedWeights,
  cutoffFor,
  effectiveWeights,
  fuse,
  idf,
  poolSize,
  withinDistance,
} from "../../src/store/fuse.ts";

describe("the pool", () => {
  it.each([
    [10, 6, 30],
    [10, 150, 50],
    [10, 299, 99],
    [10, 1_000_000, 100],
    [1, 0, 3],
  ])("for %i of %i passages has %i", (topK, passages, size) => {
    expect(poolSize(topK, passages)).toBe(size);
  });
});

describe("the cut-off by distance", () => {
  const hits = [0.2, 0.2645, 0.2646, 0.9].map((distance, passage) => ({ passage, distance }));

  it("is a multiple of the best hit's", () => {
    expect(withinDistance(hits, 1.3225).map(({ passage }) => passage)).toEqual([0, 1]);
    expect(withinDistance(hits, 25)).toHaveLength(4);
  });

  it("is none where the best hit is the query itself", () => {
    const same = [{ passage: 7, distance: 0 }, ...hits];
    expect(withinDistance(same, 1.3225)).toEqual(same);
    expect(withinDistance([], 1.3225)).toEqual([]);
  });

  it("is wide for more than 50 words", () => {
    expect([cutoffFor(50), cutoffFor(51)]).toEqual([1.3225, 25]);
  });
});

describe("the weights", () => {
  it("know how rare a word is", () => {
    expect(idf(1000, 9)).toBeCloseTo(Math.log(100), 12);
    expect(idf(1000, 0)).toBeCloseTo(Math.log(1000), 12);
  });

  it("give keywords 0.35 for words of middling rareness, more for rare ones, less for common ones", () => {
    // ln(10000) / 2 = ln(100): the sigmoid is at 0, and 0.1 + 0.5 / 2 = 0.35.
    const middling = adaptiveMixing(2, [Math.log(100), Math.log(100)], 10_000);
    expect(middling.keyword).toBeCloseTo(0.35, 12);
    expect(middling.vector).toBeCloseTo(0.65, 12);
    // 2 (ln 10000 - ln 100) = 9.21034; 1 / (1 + e^-9.21034) = 0.9999.
    expect(adaptiveMixing(1, [Math.log(10_000)], 10_000).keyword).toBeCloseTo(0.59995, 5);
    // 2 (0 - ln 100) = -9.21034; the sigmoid is 0.0001.
    expect(adaptiveMixing(1, [0], 10_000).keyword).toBeCloseTo(0.10005, 5);
    // The mean of the two.
    expect(adaptiveMixing(2, [0, Math.log(10_000)], 10_000).keyword).toBeCloseTo(0.35, 12);
  });

  it("are fixed for a long query, and for one without words", () => {
    const long = { vector: 0.9, keyword: 0.1, cutoff: 25 };
    expect(adaptiveMixing(51, [1], 10)).toEqual(long);
    expect(adaptiveMixing(50, [1], 10)).not.toEqual(long);
    expect(adaptiveMixing(1, [], 10)).toEqual({ vector: 0.6, keyword: 0.4, cutoff: 1.3225 });
  });

  it("are the keywords' alone where vectors have found nothing", () => {
    expect(effectiveWeights({ vector: 0.6, keyword: 0.4 }, 0)).toEqual({ vector: 0, keyword: 1 });
    expect(effectiveWeights({ vector: 0.6, keyword: 0.4 }, 1)).toEqual({
      vector: 0.6,
      keyword: 0.4,
    });
  });
});

describe("a crowd of vectors", () => {
  it("counts for less the larger it is, and leaves the rest to keywords", () => {
    const weights = { vector: 0.6, keyword: 0.4 };
    expect(crowdedWeights(weights, 1).vector).toBeCloseTo((0.6 * 20) / 21, 12);
    expect(crowdedWeights(weights, 20).vector).toBeCloseTo(0.3, 12);
    for (const hits of [0, 1, 7, 100, 100_000]) {
      const { vector, keyword } = crowdedWeights(weights, hits);
      expect(vector + keyword).toBe(1);
      expect(vector).toBeGreaterThan(0);
    }
    expect(crowdedWeights({ vector: 0, keyword: 1 }, 0)).toEqual({ vector: 0, keyword: 1 });
  });
});

describe("reciprocal rank fusion", () => {
  const weights = { vector: 0.6, keyword: 0.4 };

  it("adds weight / (60 + rank) of both sides, ranks from 0", () => {
    const fused = fuse([1, 2], [2, 3], weights, 4);
    expect(fused.map(({ passage }) => passage)).toEqual([2, 1, 3]);
    expect(fused[0]).toMatchObject({ vectorRank: 1, keywordRank: 0 });
    expect(fused[0]!.score).toBeCloseTo(0.6 / 61 + 0.4 / 60, 15);
    expect(fused[1]!.score).toBeCloseTo(0.6 / 60, 15);
    expect(fused[2]!.score).toBeCloseTo(0.4 / 61, 15);
  });

  it("lets what only keywords have found in up to a rank, and what both have found at any", () => {
    const fused = fuse([15], [11, 12, 13, 14, 15], weights, 2);
    expect(fused.map(({ passage }) => passage)).toEqual([15, 11, 12]);
    expect(fused[0]!.score).toBeCloseTo(0.6 / 60 + 0.4 / 64, 15);
  });

  it("keeps the vectors' order among equals", () => {
    const fused = fuse([5], [6], { vector: 0.5, keyword: 0.5 }, 2);
    expect(fused.map(({ passage }) => passage)).toEqual([5, 6]);
  });
});
