// The comparison with vstash's fusion, without vstash: its results are made up, and what is said of them is known.
import { describe, expect, it } from "vitest";
import { type Case, casesOf } from "../../bench/fusion/cases.ts";
import { compare, type Theirs } from "../../bench/fusion/compare.ts";
import { mixingOf, ours } from "../../bench/fusion/ours.ts";

const base: Case = {
  mode: "hybrid",
  topK: 2,
  passages: 100,
  words: ["q1z", "q2z", "x"],
  having: { q1z: 9 },
  weights: [0.6, 0.4],
  vector: [
    [1, 0.2],
    [2, 0.21],
    [3, 0.9],
  ],
  keyword: [4, 2],
  documents: { 1: 0, 2: 0, 3: 1, 4: 1 },
  vectors: {},
};

/** As if vstash did what we do with these weights, and found passages of a document so alike. */
function theirsOf(one: Case, mixing: Theirs["mixing"], cosine: number): Theirs {
  const { vector, keyword, cutoff } = mixingOf(one);
  const [v, k, c] = mixing ?? [vector, keyword, cutoff];
  const found = ours(one, { vector: v, keyword: k, cutoff: c }, () => cosine, false);
  return {
    ...found,
    mixing,
    likeness: [
      [1, 2, cosine],
      [3, 4, cosine],
    ],
  };
}

describe("a ranking beside vstash's", () => {
  it("is equal to the last bit where it is", () => {
    // 3 is too far away; 2, which both have found, comes first, and 1 is like it.
    const theirs = theirsOf(base, null, 1);
    expect(theirs.fused.map(([passage]) => passage)).toEqual([2, 1, 4]);
    expect(theirs.chosen).toEqual([2, 4]);
    expect(compare(base, theirs)).toEqual({
      equal: true,
      reason: undefined,
      exact: true,
      weightOff: 0,
    });
  });

  it("is not where a place, or a score's last bit, is another", () => {
    const theirs = theirsOf(base, null, 0);
    const swapped = { ...theirs, chosen: [...theirs.chosen].reverse() };
    expect(compare(base, swapped)).toMatchObject({ equal: false, exact: false });
    const [[passage, score], ...rest] = theirs.fused as [[number, number], ...[number, number][]];
    const off = { ...theirs, fused: [[passage, score + 2 ** -58] as const, ...rest] };
    expect(off.fused[0]![1]).not.toBe(score);
    expect(compare(base, off)).toMatchObject({ equal: true, exact: false });
  });

  it("differs by rounded weights, by crowds of vectors, and by what a search by keywords does not read", () => {
    // By the words keywords count for more than half; with others' weights for little.
    const adaptive = { ...base, weights: null };
    const { vector, keyword } = mixingOf(adaptive);
    expect(vector + keyword).toBeCloseTo(1, 12);
    const other = theirsOf(adaptive, [0.9, 0.1, 1.3225], 0);
    expect(compare(adaptive, other)).toMatchObject({
      equal: false,
      reason: "rounded",
      exact: true,
      weightOff: expect.closeTo(keyword - 0.1, 12),
    });
    const many = Array.from({ length: 40 }, (_, n): [number, number] => [100 + n, 0.2]);
    const documents = Object.fromEntries([4, 139, ...many.map(([n]) => n)].map((n) => [n, n]));
    const having = { q1z: 90, q2z: 90 };
    const found = { vector: many, keyword: [4], documents };
    const crowded: Case = { ...adaptive, having, topK: 20, ...found };
    expect(compare(crowded, theirsOf(crowded, null, 0))).toMatchObject({
      ...{ equal: false, reason: "crowded", exact: true },
    });
    const keywords: Case = { ...base, mode: "fts_only", weights: null, keyword: [1, 2, 3] };
    expect(compare(keywords, theirsOf(keywords, null, 1))).toMatchObject({
      equal: false,
      reason: "alike",
      exact: true,
    });
  });
});

describe("the cases", () => {
  it("are the same in every run, and of every kind", () => {
    const cases = casesOf(300);
    expect(casesOf(300)).toEqual(cases);
    for (const mode of ["hybrid", "vec_only", "fts_only"]) {
      expect(cases.filter((one) => one.mode === mode).length).toBeGreaterThan(20);
    }
    const has = (holds: (one: Case) => boolean) => expect(cases.some(holds)).toBe(true);
    has(({ vector }) => vector.length === 0);
    has(({ keyword }) => keyword.length === 0);
    has(({ vector }) => vector[0]?.[1] === 0);
    has(({ vector: [first, second] }) => first !== undefined && first[1] === second?.[1]);
    has(({ words }) => words.length > 50);
    for (const { vector } of cases) {
      const distances = vector.map(([, distance]) => distance);
      expect(distances).toEqual([...distances].sort((a, b) => a - b));
    }
  });
});
