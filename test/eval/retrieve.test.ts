import { describe, expect, it } from "vitest";
import { Bm25 } from "../../src/eval/bm25.ts";
import { fused, retrieve } from "../../src/eval/retrieve.ts";
import type { EmbedAs } from "../../src/eval/vectors.ts";

const texts = ["a river", "a river bank", "a bank of money", "nothing of it"];
const bm25 = new Bm25(texts);

describe("retrieve", () => {
  it("takes BM25's best, fewer where fewer share a term", async () => {
    const queries = ["money bank", "river", "absent"];
    const found = await retrieve(queries, texts, bm25, { top: 2 });
    expect(found).toEqual([[2, 1], [0, 1], []]);
    expect(found[0]).toEqual(bm25.search("money bank", 2).map(({ document }) => document));
  });

  it("fuses both rankings, vectors of any length, each text embedded for what it is", async () => {
    const calls: unknown[] = [];
    const embed: EmbedAs = async (embedded, as) => {
      calls.push([as, embedded.length]);
      if (as === "query") return embedded.map(() => Float32Array.of(1, 0));
      return [Float32Array.of(0, 1), Float32Array.of(2, 1), [1, 1], [5, 1]];
    };
    // BM25: 2, 1. Vectors: 3, 1, 2, 0.
    expect(await retrieve(["money bank"], texts, bm25, { top: 4, embed })).toEqual([[2, 1, 3, 0]]);
    expect(await retrieve(["absent"], texts, bm25, { top: 2, embed })).toEqual([[3, 1]]);
    expect(calls.slice(0, 2)).toEqual([
      ["passage", 4],
      ["query", 1],
    ]);
  });
});

describe("fused", () => {
  it("adds reciprocal ranks, 60 places down; equal sums keep the first ranking's order", () => {
    expect(
      fused([
        [4, 5, 6],
        [6, 5],
      ]),
    ).toEqual([6, 5, 4]);
    expect(fused([[1, 2], [2, 1], [3]])).toEqual([1, 2, 3]);
    expect(fused([[], [7]])).toEqual([7]);
    // Two late places are worth more than one first place: 2/64 against 1/61.
    expect(
      fused([
        [1, 2, 3, 9],
        [4, 5, 6, 9],
      ])[0],
    ).toBe(9);
  });
});
