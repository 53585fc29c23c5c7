// A search with weights of the caller's, and all passages of a store.
import { describe, expect, it } from "vitest";
import { codeOf, collect } from "../src/fakes.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder } = folder();
const documents = [
  { id: "a.md", text: "# Tea\n\nBoiling water makes it." },
  { id: "b.txt", path: "cups/b.txt", text: "Water from a cup.", metadata: { year: 2026 } },
];

describe("weights", () => {
  it("count in place of the adaptive ones", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    await store.add(documents);
    const weights = { vector: 0.05, keyword: 0.95 };
    const hits = await collect(store.search("boiling water", { weights, explain: true }));
    expect(hits.map(({ explain }) => explain!.weights)).toEqual([weights, weights]);
    expect(hits[0]!.score).toBeCloseTo(1 / 60);
  });

  it("are refused where they mean nothing", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    for (const weights of [
      { vector: 1 },
      { vector: 0, keyword: 0 },
      { vector: 2, keyword: 0 },
      1,
    ]) {
      const search = async () => collect(store.search("tea", { weights: weights as never }));
      expect(await codeOf(search())).toBe("INPUT_INVALID");
    }
    const weights = { vector: 1, keyword: 0 };
    const search = async () => collect(store.search("tea", { mode: "vector", weights }));
    expect(await codeOf(search())).toBe("INPUT_INVALID");
  });
});

describe("passages", () => {
  it("come with their places, however many", async () => {
    await using store = await openHere(path());
    const many = Array.from({ length: 700 }, (_, i) => ({ id: `${i}`, text: `Number ${i}.` }));
    await store.add([...documents, ...many]);
    const passages = await collect(store.passages());
    expect(passages.slice(0, 2)).toEqual([
      {
        ...{ text: "Tea\nBoiling water makes it.", id: "a.md", path: undefined, metadata: {} },
        ...{ headings: ["Tea"], line: 3, start: 7, end: 30 },
      },
      {
        ...{ text: "Water from a cup.", id: "b.txt", path: "cups/b.txt", headings: [] },
        ...{ metadata: { year: 2026 }, line: 1, start: 0, end: 17 },
      },
    ]);
    expect(passages.slice(2).map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  });
});
