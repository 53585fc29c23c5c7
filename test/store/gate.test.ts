// A gate on top of a store: verdicts as a stream, answers with the places they come from.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadGate } from "../../src/index.ts";
import { roundedVector } from "../../src/rounded_vector.ts";
import { SecondOpinion } from "../../src/second_opinion.ts";
import { openStore } from "../../src/store/index.ts";
import { wordsMargin } from "../cli/harness.ts";
import { codeOf, collect, FakeModel, fakeGate } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder } = folder();
const documents = [
  {
    id: "a.md",
    path: "notes/a.md",
    text: "# Machine\n\n## Care\n\nRun vinegar through the machine to descale it.",
  },
  { id: "b", text: "The machine is red." },
  { id: "c", text: "To descale means to remove lime." },
];

describe("a store with a gate", () => {
  it("gives every hit its verdict, or leaves the gate out", async () => {
    const model = new FakeModel(wordsMargin);
    await using store = await openHere(path(), { gate: fakeGate({ model }) });
    await store.add(documents);
    const hits = await collect(store.search("descale machine"));
    expect(hits.map(({ id, verdict }) => [id, verdict!.relevant]).sort()).toEqual([
      ["a.md", true],
      ["b", false],
      ["c", false],
    ]);
    const asked = model.batches.length;
    for (const hit of await collect(store.search("descale machine", { gate: false }))) {
      expect(hit.verdict).toBeUndefined();
    }
    expect(model.batches).toHaveLength(asked);
  });

  it("gives the gate its vectors, if they are of the embedder that the gate asks", async () => {
    const bag = embedder();
    const asked = embedder();
    const digest = createHash("sha256").update("model").digest("hex");
    const numbers = { embedder: digest, weight: 4, centre: 0.2, within: 9 };
    const opinion = { embed: asked.embed.bind(asked), dispose: async () => {} };
    const opened = (own: string) =>
      openHere(path(), {
        embedder: bag,
        gate: fakeGate({
          model: new FakeModel(wordsMargin),
          secondOpinion: new SecondOpinion(numbers, opinion),
          embedder: own,
        }),
      });
    await using computing = await opened("e".repeat(64));
    await using store = await opened(digest);
    for (const each of [computing, store]) await each.add(documents);
    const query = "descale machine";
    const wanted = await collect(computing.search(query));
    expect(asked.asked).toContain(query);
    asked.asked.length = 0;
    const hits = await collect(store.search(query));
    expect(hits).toEqual(wanted);
    const given: object[] = [];
    const answering = {
      generate: ({ passages }: { passages: readonly object[] }) => {
        given.push(...passages);
        return "Use vinegar [1].";
      },
    };
    const answer = await store.answer(query, answering);
    expect(asked.asked).toEqual([]);
    const { timings: _, ...rest } = await computing.answer(query, answering);
    expect(answer).toMatchObject(rest);
    const shown = [...answer.kept, ...answer.dropped].map(({ passage }) => passage);
    expect(given.length).toBeGreaterThan(0);
    for (const passage of [...shown, ...given]) expect(passage).not.toHaveProperty("vector");
    // Keywords have no vectors.
    const words = await collect(store.search(query, { mode: "keyword" }));
    expect(words.map(({ verdict }) => verdict!.relevant)).toContain(true);
    expect(asked.asked).toContain(query);
  });

  it("gives hits their vectors, as they are kept, where they are asked for", async () => {
    const bag = embedder();
    await using store = await openStore(path(), { embedder: bag });
    await store.add(documents);
    const hits = await collect(store.search("descale machine", { vectors: true }));
    expect(hits.length).toBe(3);
    const vectors = await bag.embed(hits.map(({ text }) => text));
    for (const [at, { vector }] of hits.entries()) {
      expect(vector).toEqual(roundedVector(vectors[at]!));
    }
    for (const hit of await collect(store.search("lime"))) expect(hit).not.toHaveProperty("vector");
    const keywords = { mode: "keyword", vectors: true } as const;
    expect(() => store.search("lime", keywords)).toThrow(/reads no vectors/);
  });

  it("is judged by a gate that comes with the question, which has the vectors, too", async () => {
    const asked = embedder();
    const digest = createHash("sha256").update("model").digest("hex");
    const numbers = { embedder: digest, weight: 4, centre: 0.2, within: 9 };
    const opinion = { embed: asked.embed.bind(asked), dispose: async () => {} };
    const gate = fakeGate({
      model: new FakeModel(wordsMargin),
      secondOpinion: new SecondOpinion(numbers, opinion),
      embedder: digest,
    });
    await using store = await openHere(path(), { embedder: embedder() });
    await store.add(documents);
    const hits = await collect(store.search("descale machine", { gate }));
    expect(hits.map(({ verdict }) => verdict!.relevant)).toContain(true);
    for (const hit of hits) expect(hit).not.toHaveProperty("vector");
    expect(asked.asked).toEqual([]);
    const wrong = { gate: {} as never };
    expect(() => store.search("descale machine", wrong)).toThrow(/Expected a gate/);
    expect(() => store.search("descale machine", { gate: true })).toThrow(/has no gate/);
  });

  it("stops judging when the caller has enough", async () => {
    const model = new FakeModel(wordsMargin);
    await using store = await openHere(path(), { gate: fakeGate({ model }) });
    const many = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, text: `lime ${i}` }));
    await store.add(many);
    for await (const { verdict } of store.search("lime", { topK: 300 })) {
      if (verdict!.relevant) break;
    }
    const judged = model.batches.flatMap(({ texts }) => texts).length;
    expect(judged).toBeGreaterThan(0);
    expect(judged).toBeLessThan(300);
  });

  it("answers with citations, or refuses", async () => {
    await using store = await openHere(path(), {
      gate: fakeGate({ model: new FakeModel(wordsMargin) }),
      embedder: embedder(),
    });
    await store.add(documents);
    const given: string[] = [];
    const generate = ({ passages }: { passages: readonly { text: string }[] }) => {
      given.push(...passages.map(({ text }) => text));
      return "Use vinegar [1].";
    };
    const answer = await store.answer("descale machine", { generate });
    expect(answer).toMatchObject({ answered: true, answer: "Use vinegar [1]." });
    expect(answer.citations).toEqual([
      {
        id: "a.md",
        path: "notes/a.md",
        headings: ["Machine", "Care"],
        line: 5,
        start: 20,
        end: 66,
      },
    ]);
    expect(given).toHaveLength(1);
    const refused = await store.answer("price of tea", { generate, filter: { ids: ["b"] } });
    expect(refused).toMatchObject({ answered: false, citations: [] });
    expect(refused.answer).toBe("I don't have evidence to answer that.");
    expect(given).toHaveLength(1);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(store.answer("machine", { generate, signal })).rejects.toBe(reason);
    expect(await codeOf(store.answer("machine", { generate, mode: "odd" as never }))).toBe(
      "INPUT_INVALID",
    );
  });

  it("works with the gate that ships, on a thread of its own", async () => {
    await using gate = await loadGate();
    await using store = await openStore(path(), { gate });
    await store.add([
      { id: "berlin", text: "Berlin is the capital of Germany." },
      { id: "plants", text: "Plants make sugar from light, water and air." },
    ]);
    const hits = await collect(store.search("What is the capital of Germany?"));
    expect(hits.filter(({ verdict }) => verdict!.relevant).map(({ id }) => id)).toEqual(["berlin"]);
    const answer = await store.answer("What is the price of sugar in Germany?", {
      generate: () => "?",
    });
    expect(answer).toMatchObject({ answered: false, citations: [] });
  });
});
