import { describe, expect, it } from "vitest";
import { type Hit, openStore, type Store } from "../../src/store/index.ts";
import { codeOf, collect } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder } = folder();
const documents = [
  { id: "germany", text: "The capital of Germany is Berlin." },
  {
    id: "notes/plants.md",
    text: "# Plants\n\nPlants make sugar from light. Roots drink.",
  },
  { id: "france", text: "The capital of France is Paris.", metadata: { year: 1999, draft: false } },
  { id: "tokyo", path: "asia/tokyo.txt", text: "東京は日本の首都です。人口は多い。" },
  { id: "bangkok", path: "asia/bangkok.txt", text: "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย" },
];
const idsOf = (hits: readonly Hit[]) => hits.map(({ id }) => id);
const find = async (store: Store, query: string, options = {}) =>
  collect(store.search(query, options));

describe("a store", () => {
  it("finds by meaning and by words, and says what told for each hit", async () => {
    const bag = embedder();
    await using store = await openStore(path(), { embedder: bag });
    expect(await store.add(documents)).toEqual({ added: 5, updated: 0, unchanged: 0, passages: 5 });
    const [best] = await find(store, "capital of Germany", { explain: true });
    expect(best).toMatchObject({
      id: "germany",
      path: undefined,
      text: "The capital of Germany is Berlin.",
      line: 1,
      start: 0,
      end: 33,
      explain: { vectorRank: 0, keywordRank: 0, cutoff: 1.3225, penalty: 0 },
    });
    const { similarity, weights, words } = best!.explain!;
    expect(similarity).toBeGreaterThan(0.5);
    expect(weights.vector + weights.keyword).toBeCloseTo(1, 12);
    expect(best!.score).toBeCloseTo(1 / 60, 12);
    expect(words).toEqual(['"capital"', '"of"', '"Germany"']);
    const vector = await find(store, "Paris France", { mode: "vector", topK: 1, explain: true });
    expect(vector).toMatchObject([
      { id: "france", explain: { keywordRank: undefined, words: [] } },
    ]);
    const keyword = await find(store, "drinking plant", { mode: "keyword", explain: true });
    expect(keyword).toMatchObject([
      { id: "notes/plants.md", explain: { vectorRank: undefined, similarity: undefined } },
    ]);
    expect(keyword[0]).toMatchObject({ headings: ["Plants"], line: 3, start: 10 });
    expect("explain" in (await find(store, "Paris"))[0]!).toBe(false);
  });

  it("takes a text as one passage that is not to be cut, and cuts it when it may", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    const text = `# Bees\n\n${Array.from({ length: 80 }, (_, n) => `Bée ${n} flies.`).join("\n\n")}\n`;
    const bees = { id: "bees.md", text, whole: true };
    expect(await store.add([bees, { id: "blank", text: " \n", whole: true }])).toMatchObject({
      added: 2,
      passages: 1,
    });
    const hits = await find(store, "bée flies");
    expect(hits).toMatchObject([{ id: "bees.md", text, headings: [], line: 1, start: 0 }]);
    expect(hits[0]!.end).toBe(Buffer.byteLength(text));
    expect(await store.add([bees])).toMatchObject({ unchanged: 1 });
    const cut = await store.add([{ id: "bees.md", text }]);
    expect(cut.updated).toBe(1);
    expect(cut.passages).toBeGreaterThan(1);
    expect(await codeOf(store.add([{ ...bees, whole: 1 as never }]))).toBe("INPUT_INVALID");
  });

  it("embeds nothing twice, and knows what is new", async () => {
    const bag = embedder();
    const file = path();
    await using store = await openHere(file, { embedder: bag });
    await store.add(documents);
    expect(bag.asked).toHaveLength(5);
    const unchanged = { added: 0, updated: 0, unchanged: 5, passages: 0 };
    expect(await store.add(documents)).toEqual(unchanged);
    await using again = await openHere(file, { embedder: embedder() });
    expect(await again.add(documents)).toEqual(unchanged);
    // Metadata alone need no new vectors.
    const moved = [{ ...documents[0]!, metadata: { seen: true } }];
    expect(await store.add(moved)).toMatchObject({ updated: 1, passages: 0 });
    expect(bag.asked).toHaveLength(5);
    const changed = [{ id: "germany", text: "Germany has many rivers." }];
    expect(await store.update(changed)).toMatchObject({ added: 0, updated: 1, passages: 1 });
    expect(bag.asked).toHaveLength(6);
    expect(idsOf(await find(store, "Berlin", { mode: "keyword" }))).toEqual([]);
    expect(idsOf(await find(store, "rivers", { mode: "keyword" }))).toEqual(["germany"]);
    expect(await store.stats()).toMatchObject({ documents: 5, passages: 5, deletedVectors: 1 });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(await codeOf(store.update([{ id: "new", text: "x" }]))).toBe("INPUT_INVALID");
  });

  it("forgets what is removed, lists the rest, and gives the room back", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    await store.add(documents);
    expect(await store.remove(["germany", "nothing", "germany"])).toBe(1);
    for (const mode of ["hybrid", "vector", "keyword"]) {
      expect(idsOf(await find(store, "Germany Berlin", { mode }))).not.toContain("germany");
    }
    expect(await store.stats()).toMatchObject({ documents: 4, passages: 4, deletedVectors: 1 });
    await store.compact();
    expect(await store.stats()).toMatchObject({ passages: 4, deletedVectors: 0, dimensions: 64 });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    const hits = await find(store, "capital of France");
    expect(hits[0]!.id).toBe("france");
    expect(await collect(store.list())).toEqual([
      { id: "bangkok", path: "asia/bangkok.txt", metadata: {}, passages: 1 },
      { id: "france", path: undefined, metadata: { year: 1999, draft: false }, passages: 1 },
      { id: "notes/plants.md", path: undefined, metadata: {}, passages: 1 },
      { id: "tokyo", path: "asia/tokyo.txt", metadata: {}, passages: 1 },
    ]);
  });

  it("finds nothing by a vector of zeros", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    await store.add(documents);
    // The made-up embedder knows letters only.
    expect(await find(store, "1999", { mode: "vector" })).toEqual([]);
  });

  it("searches in the documents that a filter lets through", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    await store.add(documents);
    const filtered = async (filter: object) =>
      idsOf(await find(store, "capital 首都 เมืองหลวง", { filter, topK: 50 })).sort();
    expect(await filtered({ ids: ["france", "absent"] })).toEqual(["france"]);
    expect(await filtered({ path: "asia/" })).toEqual(["bangkok", "tokyo"]);
    expect(await filtered({ path: "ASIA/" })).toEqual([]);
    expect(await filtered({ path: "%" })).toEqual([]);
    expect(await filtered({ metadata: { year: 1999, draft: false } })).toEqual(["france"]);
    for (const metadata of [{ year: "1999" }, { draft: 0 }, { draft: true }, { year: null }]) {
      expect(await filtered({ metadata })).toEqual([]);
    }
    expect(await filtered({ path: "asia/", ids: ["tokyo"] })).toEqual(["tokyo"]);
    const all = await find(store, "capital", { mode: "keyword", filter: {} });
    expect(idsOf(all).sort()).toEqual(["france", "germany"]);
  });

  it("finds text without spaces between its words", async () => {
    await using store = await openHere(path());
    await store.add(documents);
    for (const [query, id] of [
      ["東京", "tokyo"],
      ["日本の首都", "tokyo"],
      ["口", "tokyo"],
      ["เมืองหลวง", "bangkok"],
      ["Tokyo 首都", "tokyo"],
    ] as const) {
      expect([query, idsOf(await find(store, query))]).toEqual([query, [id]]);
    }
    await store.remove(["tokyo"]);
    expect(await find(store, "東京")).toEqual([]);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
  });

  it("takes any text there is", async () => {
    await using store = await openHere(path(), { embedder: embedder() });
    const odd = ["", " \n", "a\0b nul", "\ud800 lone", '" OR NEAR(', "x".repeat(100_000), "𝒳 😀"];
    await store.add(odd.map((text, index) => ({ id: `odd ${index}`, text })));
    for (const query of ['"', "a\0b", "NOT x*", "\ud800", "-", "😀", "nul OR", "(("]) {
      for (const mode of ["hybrid", "keyword"]) await find(store, query, { mode });
    }
    expect(idsOf(await find(store, "nul", { mode: "keyword" }))).toEqual(["odd 2"]);
    await store.add(odd.map((text, index) => ({ id: `odd ${index}`, text: `${text} again` })));
    await store.remove(odd.map((_, index) => `odd ${index}`));
    expect(await store.stats()).toMatchObject({ documents: 0, passages: 0 });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(await find(store, "nul")).toEqual([]);
  });

  it("writes what came before an error or an abort, and no half batch", async () => {
    const bag = embedder();
    await using store = await openHere(path(), { embedder: bag });
    const many = Array.from({ length: 600 }, (_, i) => ({ id: `${i}`, text: `number ${i}` }));
    const abort = new AbortController();
    const seen: unknown[] = [];
    const reason = new Error("enough");
    const onProgress = (progress: object) => {
      seen.push(progress);
      if (seen.length === 2) abort.abort(reason);
    };
    await expect(store.add(many, { signal: abort.signal, onProgress })).rejects.toBe(reason);
    expect(seen).toEqual([
      { done: 256, total: 600, passages: 256 },
      { done: 512, total: 600, passages: 512 },
    ]);
    async function* broken() {
      yield { id: "last", text: "before" };
      yield { id: "wrong", text: 7 as unknown as string };
    }
    expect(await codeOf(store.add(broken()))).toBe("INPUT_INVALID");
    bag.onEmbed = () => Promise.reject(reason);
    await expect(store.add(many)).rejects.toBe(reason);
    bag.onEmbed = () => {};
    expect(await store.stats()).toMatchObject({ documents: 512, passages: 512 });
    expect(await store.add(many)).toMatchObject({ added: 88, unchanged: 512 });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
  });

  it("keeps vectors in segments that grow and stay in order", async () => {
    const file = path();
    await using store = await openHere(file, { embedder: embedder() });
    const word = (i: number) =>
      `w${i.toString(36).replace(/\d/g, (d) => "ghijklmnop"[Number(d)]!)}`;
    const all = Array.from({ length: 4500 }, (_, i) => ({
      id: `${i}`,
      text: `${word(i)} of ${i}`,
    }));
    await store.add(all);
    await store.remove(all.slice(100, 300).map(({ id }) => id));
    await store.add(all.slice(100, 200));
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    const before = await find(store, word(4400), { mode: "vector", topK: 100 });
    await store.compact();
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(await store.stats()).toMatchObject({ passages: 4400, deletedVectors: 0 });
    const after = await find(store, word(4400), { mode: "vector", topK: 100 });
    expect(after.map(({ id, score }) => [id, score])).toEqual(
      before.map(({ id, score }) => [id, score]),
    );
  });

  it("checks what it is given", async () => {
    await using store = await openHere(path());
    const wrong: (() => Promise<unknown>)[] = [
      () => store.add("text" as never),
      () => store.add([{ text: "without an id" } as never]),
      () => store.add([{ id: "", text: "" }]),
      () => store.add([{ id: "a", text: "b", metadata: [] as never }]),
      () => store.add([{ id: "a", text: "b", metadata: { big: 1n } }]),
      () => store.add([], { signal: 1 as never }),
      () => store.remove("abc" as never),
      async () => store.search(" "),
      async () => store.search("x", { mode: "vector" }),
      async () => store.search("x", { gate: true }),
      async () => store.search("x", { topK: 0 }),
      async () => store.search("x", { filter: { metadata: { a: {} as never } } }),
      async () => store.search("x", { unknown: 1 } as never),
      () => store.answer("x", { generate: () => "" }),
      () => openStore(""),
      () => openStore(path(), { embedder: {} as never }),
    ];
    for (const each of wrong) expect(await codeOf(each())).toBe("INPUT_INVALID");
  });

  it("is closed once, after what it was asked before", async () => {
    const store = await openStore(path(), { embedder: false });
    const added = store.add(documents);
    const stats = store.stats();
    await added;
    await Promise.all([store.dispose(), store.dispose()]);
    expect(await stats).toMatchObject({ model: undefined });
    expect(await codeOf(store.stats())).toBe("DISPOSED");
    expect(await codeOf(store.add(documents))).toBe("DISPOSED");
  });
});
