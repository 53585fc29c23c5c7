import { describe, expect, it } from "vitest";
import { type Hit, openStore, type Store, type StoreEmbedder } from "../../src/store/index.ts";
import { stateText } from "../../src/store/steps.ts";
import { codeOf, collect } from "../src/fakes.ts";
import { BagOfWords, folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder: narrow } = folder();
/** So wide that no two words share a place. */
const embedder = (model?: string) => new BagOfWords(narrow(model).info.path, 1024);
/** The second fact shares no word with the question, only with the first; distractors share the question's words. */
const documents = [
  { id: "first", text: "The lantern hangs in Brakwold mill, near Brakwold mill pond." },
  { id: "second", text: "Brakwold mill belongs to Tessaly." },
  { id: "near", text: "A lantern of tin." },
  { id: "other", text: "Some pond owns water." },
  { id: "far", text: "Rain fell over seven hills yesterday." },
];
const question = "Who owns where the lantern hangs?";
const idsOf = (hits: readonly Hit[]) => hits.map(({ id }) => id);
const find = async (store: Store, options = {}) => collect(store.search(question, options));

describe("a search in steps", () => {
  it("follows what the first passage says, and then gives the rest", async () => {
    const bag = embedder();
    await using store = await openStore(path(), { embedder: bag });
    await store.add(documents);
    bag.asked.length = 0;
    const options = { mode: "vector", topK: 4, explain: true };
    const plain = await find(store, options);
    expect(idsOf(plain)[0]).toBe("first");
    expect(idsOf(plain).slice(0, 3)).not.toContain("second");
    bag.asked.length = 0;
    const hits = await find(store, { ...options, steps: 2 });
    expect(idsOf(hits).slice(0, 2)).toEqual(["first", "second"]);
    expect(bag.asked).toEqual([question, `${question} [SEP] ${documents[0]!.text}`]);
    const steps = hits.map(({ explain }) => explain!.step);
    expect(steps.slice(0, 2)).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(steps.slice(2).every((step) => step === undefined)).toBe(true);
    for (const [index, { score, explain }] of hits.slice(0, 2).entries()) {
      expect(score, `${index}`).toBe(explain!.step!.value);
    }
    expect(hits[0]!.explain!.similarity).toBeCloseTo(steps[0]!.value, 12);
    // The rest is what comes without steps, in its order, and nothing twice.
    const others = idsOf(plain).filter((id) => id !== "first" && id !== "second");
    expect(idsOf(hits).slice(2)).toEqual(others.slice(0, hits.length - 2));
    const hybrid = await find(store, { steps: 2, topK: 2 });
    expect(idsOf(hybrid)).toEqual(["first", "second"]);
  });

  it("ends by value, with topK, and where nothing is left", async () => {
    const bag = embedder();
    await using store = await openHere(path(), { embedder: bag });
    await store.add(documents);
    const [, second, third] = await find(store, { steps: 3 });
    const stopBelow = (second!.score + third!.score) / 2;
    const stopped = await find(store, { steps: 3, stopBelow, explain: true });
    expect(stopped.filter(({ explain }) => explain!.step)).toHaveLength(2);
    expect(await find(store, { steps: 3, stopBelow: 2, mode: "vector" })).toEqual(
      await find(store, { mode: "vector" }),
    );
    expect(await find(store, { steps: 3, topK: 1 })).toHaveLength(1);
    const all = await find(store, { steps: 8, mode: "vector", topK: 8, explain: true });
    expect(new Set(idsOf(all))).toEqual(new Set(documents.map(({ id }) => id)));
    expect(all.every(({ explain }) => explain!.step)).toBe(true);
    const filter = { ids: ["second", "far"] };
    const filtered = await find(store, { steps: 2, filter });
    expect(idsOf(filtered)).toHaveLength(2);
    expect(idsOf(filtered).sort()).toEqual(["far", "second"]);
  });

  it("finds nothing in an empty store, and leaves out what was removed meanwhile", async () => {
    const bag = embedder();
    await using store = await openHere(path(), { embedder: bag });
    expect(await find(store, { steps: 2 })).toEqual([]);
    await store.add(documents);
    bag.onEmbed = async () => {
      if (!bag.asked.at(-1)?.includes("[SEP]") && bag.asked.at(-1) === question) {
        bag.onEmbed = () => {};
        await store.remove(["first"]);
      }
    };
    const hits = await find(store, { steps: 2, explain: true });
    expect(idsOf(hits)).not.toContain("first");
    expect(hits[0]!.explain!.step!.number).toBe(1);
  });

  it("stops when it is told to, and checks what it is given", async () => {
    const bag = embedder();
    await using store = await openHere(path(), { embedder: bag });
    await store.add(documents);
    const abort = new AbortController();
    bag.onEmbed = () => abort.abort(new Error("enough"));
    await expect(find(store, { steps: 2, signal: abort.signal })).rejects.toThrow("enough");
    bag.onEmbed = () => {};
    for (const options of [
      { steps: 0 },
      { steps: 9 },
      { stopBelow: 0.5 },
      { steps: 2, stopBelow: Number.NaN },
      { steps: 2, mode: "keyword" },
    ]) {
      expect(await codeOf(find(store, options))).toBe("INPUT_INVALID");
    }
    await using plain = await openHere(path());
    expect(await codeOf(find(plain, { steps: 2 }))).toBe("INPUT_INVALID");
  });

  it("gives each part of a state its share of what the model reads", () => {
    const chosen = Array.from({ length: 3 }, () => ({ text: "x".repeat(1000) }));
    const state = stateText("question", chosen, 256);
    expect(state.split(" [SEP] ").map(({ length }) => length)).toEqual([8, 256, 256, 256]);
    const wide = stateText("question", chosen, 8192);
    expect(wide.split(" [SEP] ").map(({ length }) => length)).toEqual([8, 480, 480, 480]);
    expect(stateText("q".repeat(1000), [], 256)).toHaveLength(1000);
    expect(stateText("q", [{ text: `${"x".repeat(479)}😀` }], 512)).toBe(
      `q [SEP] ${"x".repeat(479)}`,
    );
  });
});

/** Vectors that do not have length 1: what a word is worth is in their lengths. */
class Weighed extends BagOfWords {
  readonly #weights: Readonly<Record<string, number>>;

  constructor(path: string, weights: Readonly<Record<string, number>>) {
    super(path, 1024);
    this.#weights = weights;
  }

  override async embed(texts: Iterable<string>): Promise<Float32Array[]> {
    const list = [...texts];
    const vectors = await super.embed(list);
    return vectors.map((vector, index) => {
      const word = Object.keys(this.#weights).find((each) => list[index]!.includes(each));
      return vector.map((value) => value * (word ? this.#weights[word]! : 0.1));
    });
  }
}

describe("a pair of embedders", () => {
  const pair = () => {
    const actions = new Weighed(embedder("actions").info.path, { Tessaly: 0.9, Rain: 3 });
    const states = new Weighed(embedder("states").info.path, { Brakwold: 2 });
    return { embedder: actions, stateEmbedder: states };
  };
  const product = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0);

  it("is compared by inner products, whose lengths the store keeps", async () => {
    const { embedder: actions, stateEmbedder: states } = pair();
    const file = path();
    await using store = await openHere(file, { embedder: actions, stateEmbedder: states });
    await store.add(documents);
    expect((await store.stats()).model).toMatchObject({ stateSha256: expect.any(String) });
    const value = async (id: string) => {
      const { text } = documents.find((each) => each.id === id)!;
      const [state] = await states.embed([question]);
      const [action] = await actions.embed([text]);
      return product(state!, action!);
    };
    const check = async (searched: Store) => {
      const hits = await find(searched, { mode: "vector", explain: true });
      expect(hits).toHaveLength(documents.length);
      for (const { id, explain } of hits) {
        expect(explain!.similarity, id).toBeCloseTo(await value(id), 1);
      }
      const ranked = hits.map(({ explain }) => explain!.similarity!);
      expect(ranked).toEqual([...ranked].sort((a, b) => b - a));
    };
    await check(store);
    states.asked.length = 0;
    const [first] = await find(store, { steps: 1, mode: "vector", explain: true });
    expect(first!.score).toBeCloseTo(await value(first!.id), 1);
    expect(states.asked[0]).toBe(question);
    await store.remove(["near"]);
    await store.compact();
    await store.add([documents[2]!]);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    await check(store);
  });

  it("belongs to the store as a whole", async () => {
    const { embedder: actions, stateEmbedder: states } = pair();
    const file = path();
    await using store = await openHere(file, { embedder: actions, stateEmbedder: states });
    await store.add(documents);
    await expect(openHere(file, { embedder: actions })).rejects.toThrow(/state embedder/);
    const others: StoreEmbedder[] = [embedder("others"), actions];
    for (const stateEmbedder of others) {
      expect(await codeOf(openHere(file, { embedder: actions, stateEmbedder }))).toBe(
        "STORE_INVALID",
      );
    }
    const wide = new BagOfWords(embedder("wide").info.path, 65);
    expect(await codeOf(openStore(path(), { embedder: actions, stateEmbedder: wide }))).toBe(
      "INPUT_INVALID",
    );
    expect(await codeOf(openStore(path(), { stateEmbedder: states }))).toBe("INPUT_INVALID");
    // Keywords need no embedder.
    await using words = await openHere(file);
    expect(idsOf(await collect(words.search("Tessaly")))).toEqual(["second"]);
  });

  it("can come with reembed, and go", async () => {
    const file = path();
    const { embedder: actions, stateEmbedder } = pair();
    const single = embedder();
    await using store = await openHere(file, { embedder: single });
    await store.add(documents);
    const before = await find(store, { mode: "vector", explain: true });
    await store.reembed(actions, { stateEmbedder });
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect((await find(store, { mode: "vector" })).length).toBe(documents.length);
    expect(await codeOf(openHere(file, { embedder: actions }))).toBe("STORE_INVALID");
    await store.reembed(single);
    expect(await store.verify()).toEqual({ ok: true, problems: [] });
    expect(await find(store, { mode: "vector", explain: true })).toEqual(before);
  });
});
