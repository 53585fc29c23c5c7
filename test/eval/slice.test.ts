import { describe, expect, it } from "vitest";
import type { BeirSet } from "../../src/eval/beir.ts";
import { Bm25 } from "../../src/eval/bm25.ts";
import { sliceOf } from "../../src/eval/slice.ts";

const fruits = "apple pear plum cherry grape melon".split(" ");
/** Ten documents a fruit: the more often it is named, the higher BM25 ranks them. */
const texts = fruits.flatMap((fruit) =>
  Array.from({ length: 10 }, (_, n) =>
    `${`${fruit} `.repeat(10 - n)}${"filler ".repeat(n)}`.trim(),
  ),
);
const set: BeirSet = {
  name: "fruits",
  corpus: { ids: texts.map((_, n) => `d${n}`), texts },
  queries: fruits.map((text, index) => ({
    id: `q${index}`,
    text,
    // The third best is relevant, the best a little, the second judged and not.
    grades: new Map([
      [index * 10, 1],
      [index * 10 + 1, 0],
      [index * 10 + 2, 2],
    ]),
  })),
  unanswerable: [],
};
const bm25 = new Bm25(texts);
const slice = (seed: number, queries = 4) => sliceOf(set, bm25, { queries, negatives: 4, seed });

describe("sliceOf", () => {
  it("takes the most relevant document, and BM25's best of all that are not", () => {
    const rows = slice(1);
    expect(rows).toHaveLength(4 * 5);
    for (let start = 0; start < rows.length; start += 5) {
      const group = rows.slice(start, start + 5);
      const first = fruits.indexOf(group[0]!.query) * 10;
      expect(new Set(group.map(({ query }) => query)).size).toBe(1);
      expect(group.map(({ label }) => label)).toEqual([1, 0, 0, 0, 0]);
      expect(group.map(({ rest }) => rest.documentId)).toEqual(
        [2, 1, 3, 4, 5].map((n) => `d${first + n}`),
      );
      expect(group.map(({ kind }) => kind)).toEqual([
        "positive",
        ...new Array(4).fill("hard-negative"),
      ]);
    }
  });

  it("takes the same queries for the same seed, others for another", () => {
    const queriesOf = (seed: number) => slice(seed).map(({ query }) => query);
    expect(queriesOf(1)).toEqual(queriesOf(1));
    const choices = new Set([1, 2, 3, 4, 5].map((seed) => queriesOf(seed).join()));
    expect(choices.size).toBeGreaterThan(1);
  });

  it("takes what there is, and passes over queries without enough negatives", () => {
    expect(slice(1, 99)).toHaveLength(6 * 5);
    const queries = [...set.queries, { id: "q", text: "absent", grades: new Map([[0, 1]]) }];
    const rows = sliceOf({ ...set, queries }, bm25, { queries: 99, negatives: 4, seed: 1 });
    expect(rows.filter(({ query }) => query === "absent")).toEqual([]);
    const settings = { queries: 1, negatives: 10, seed: 1 };
    expect(() => sliceOf(set, bm25, settings)).toThrow(/for no query are there 10 passages/);
  });
});
