// A store over HTTP: hits with verdicts, at once or as lines, on a store of the test's own thread.
import { describe, expect, it, onTestFinished } from "vitest";
import type { LogEntry } from "../../src/server/log.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";
import { get, post, serving } from "./serving.ts";

const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));
const { path, embedder } = folder();
const documents = [
  {
    id: "care.md",
    path: "/notes/care.md",
    text: "# Care\n\nVinegar in the machine takes the lime away =2",
    metadata: { year: 2026 },
  },
  { id: "color", text: "The machine is red =-1" },
  { id: "tea", text: "Tea wants boiling water =3" },
];

async function filled() {
  const store = await openHere(path(), { embedder: embedder() });
  onTestFinished(() => store.dispose());
  await store.add(documents);
  return store;
}

interface Shown {
  readonly id: string;
  readonly verdict?: { readonly relevant: boolean };
}
const ids = (hits: readonly Shown[]) => hits.map(({ id }) => id);

describe("/search", () => {
  it("gives hits with their places and their verdicts, in the order of the search", async () => {
    const { url } = await serving({ store: await filled() });
    const { status, json } = await post(`${url}/search`, { query: "machine vinegar lime" });
    expect(status).toBe(200);
    expect(json).toMatchObject({ model: "fake", relevant: 1 });
    expect(ids(json.results).slice(0, 2)).toEqual(["care.md", "color"]);
    expect(json.results[0]).toEqual({
      text: "Care\nVinegar in the machine takes the lime away =2",
      id: "care.md",
      path: "/notes/care.md",
      metadata: { year: 2026 },
      headings: ["Care"],
      line: 3,
      start: 8,
      end: expect.any(Number),
      score: expect.any(Number),
      verdict: expect.objectContaining({ relevant: true, margin: 2, score: sigmoid(2) }),
    });
    expect(json.results[1].verdict).toMatchObject({ relevant: false, margin: -1 });
  });

  it("takes what a search takes", async () => {
    const { url } = await serving({ store: await filled() });
    const search = async (more: object) =>
      (await post(`${url}/search`, { query: "machine", ...more })).json.results;
    expect(await search({ top_k: 1 })).toHaveLength(1);
    expect(await search({ topK: 1 })).toHaveLength(1);
    expect(ids(await search({ mode: "keyword" })).sort()).toEqual(["care.md", "color"]);
    expect(ids(await search({ filter: { metadata: { year: 2026 } } }))).toEqual(["care.md"]);
    expect(ids(await search({ only_relevant: true, mode: "keyword" }))).toEqual(["care.md"]);
    const [explained] = await search({ mode: "keyword", explain: true });
    expect(explained.explain).toMatchObject({ keywordRank: 0, words: expect.any(Array) });
  });

  it("asks no gate where it is told not to", async () => {
    const model = new FakeModel(byNumber);
    const { url } = await serving({ store: await filled(), gate: fakeGate({ model }) });
    const { json } = await post(`${url}/search`, { query: "machine", gate: false });
    expect(Object.keys(json)).toEqual(["results"]);
    expect(json.results[0].verdict).toBeUndefined();
    expect(model.batches).toEqual([]);
  });

  it("puts the line of a calibration at one half", async () => {
    const gate = fakeGate({ model: new FakeModel(byNumber), offset: 2.5 });
    const { url } = await serving({ store: await filled(), gate });
    const { json } = await post(`${url}/search`, { query: "vinegar", mode: "keyword" });
    expect(json.results[0].verdict).toMatchObject({ relevant: false, score: sigmoid(-0.5) });
  });

  it("streams a line a hit, and ends with a summary", async () => {
    const { url } = await serving({ store: await filled() });
    const question = { query: "machine", mode: "keyword" };
    for (const [body, headers] of [
      [{ ...question, stream: true }, {}],
      [question, { accept: "application/x-ndjson" }],
    ] as const) {
      const answer = await post(`${url}/search`, body, headers);
      expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
      const lines = answer.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(ids(lines.slice(0, -1)).sort()).toEqual(["care.md", "color"]);
      expect(lines.at(-1)).toEqual({ done: true, relevant: 1, tokens: expect.any(Number) });
    }
    const bare = await post(`${url}/search`, { ...question, stream: true, gate: false });
    expect(JSON.parse(bare.text.trimEnd().split("\n").at(-1)!)).toEqual({ done: true });
    const nothing = await post(`${url}/search`, { ...question, query: "zebra", stream: true });
    expect(JSON.parse(nothing.text)).toEqual({ done: true, relevant: 0, tokens: 0 });
  });

  it("tells what fails in mid-stream as its last line", async () => {
    const store = await filled();
    const many = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, text: `lime ${i} =1` }));
    await store.add(many);
    let calls = 0;
    const model = new FakeModel((text) => (++calls > 150 ? Number.NaN : byNumber(text)));
    const { url } = await serving({ store, gate: fakeGate({ model }) });
    const body = { query: "lime", mode: "keyword", top_k: 300, stream: true };
    const lines = (await post(`${url}/search`, body)).text.trimEnd().split("\n");
    expect(JSON.parse(lines[0]!)).toMatchObject({ verdict: { relevant: true } });
    expect(JSON.parse(lines.at(-1)!)).toEqual({ error: "Internal error", error_type: "Backend" });
  });

  it.each<[object | string, number, RegExp]>([
    ["{", 400, /not JSON/],
    [{}, 422, /a string for query/],
    [{ query: " " }, 422, /some text for query/],
    [{ query: "q", top_k: 0 }, 422, /top_k/],
    [{ query: "q", top_k: 1001 }, 422, /at most 1000 for top_k/],
    [{ query: "q", mode: "odd" }, 422, /"hybrid", "vector" or "keyword" for mode/],
    [{ query: "q", filter: ["a"] }, 422, /an object for filter/],
    [{ query: "q", filter: { id: "a" } }, 422, /filter has no option "id"/],
    [{ query: "q", filter: { ids: "a" } }, 422, /ids/],
    [{ query: "q", gate: 1 }, 422, /true or false for gate/],
    [{ query: "q", gate: false, only_relevant: true }, 422, /gate/],
  ])("%j gets %i", async (body, status, message) => {
    const { url } = await serving({ store: await filled() });
    const answer = await post(`${url}/search`, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      error: expect.stringMatching(message),
      error_type: expect.any(String),
    });
  });

  it("refuses what is too large", async () => {
    const { url } = await serving({ store: await filled() });
    const metadata = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`k${n}`, n]));
    const wide = await post(`${url}/search`, { query: "q", filter: { metadata } });
    expect([wide.status, wide.json.error]).toEqual([
      422,
      expect.stringMatching(/at most 100 keys/),
    ]);
    const long = await post(`${url}/search`, { query: "q".repeat(70_000) });
    expect([long.status, long.json.error]).toEqual([422, expect.stringMatching(/65536/)]);
  });

  it("has no vectors where the store has no embedder, and is not there without a store", async () => {
    const keywords = await openHere(path());
    onTestFinished(() => keywords.dispose());
    const { url } = await serving({ store: keywords });
    const vector = await post(`${url}/search`, { query: "q", mode: "vector" });
    expect([vector.status, vector.json.error]).toEqual([
      422,
      expect.stringMatching(/needs an embedder/),
    ]);
    const { url: bare } = await serving();
    const missing = await post(`${bare}/search`, { query: "q" });
    expect([missing.status, missing.json.error]).toEqual([
      404,
      expect.stringMatching(/no store: start it with --store FILE/),
    ]);
  });
});

describe("a search", () => {
  it("is counted, noted, and admitted with as many passages as it may find", async () => {
    const entries: LogEntry[] = [];
    const { url } = await serving({
      store: await filled(),
      maxQueue: 4,
      maxDocuments: 3,
      log: (entry) => entries.push(entry),
    });
    const ask = () => post(`${url}/search`, { query: "machine", mode: "keyword", top_k: 3 });
    const answers = await Promise.all([ask(), ask(), ask()]);
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    expect((await ask()).status).toBe(200);
    expect(entries.at(-1)).toMatchObject({ path: "/search", documents: 2, relevant: 1 });
    const { text } = await get(`${url}/metrics`);
    expect(text).toMatch(/^qrag_searches_total [1-9]/m);
    expect(text).toContain("te_queue_size 0");
  });

  it("ends with its client", async () => {
    const store = await filled();
    const many = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, text: `lime ${i} =1` }));
    await store.add(many);
    const entries: LogEntry[] = [];
    const model = new FakeModel(byNumber);
    const { url } = await serving({
      store,
      gate: fakeGate({ model }),
      log: (entry) => entries.push(entry),
    });
    const stop = new AbortController();
    model.onScore = () => stop.abort();
    const call = fetch(`${url}/search`, {
      method: "POST",
      body: JSON.stringify({ query: "lime", mode: "keyword", top_k: 300 }),
      signal: stop.signal,
    });
    await expect(call).rejects.toThrow();
    while (entries.length === 0) await new Promise(setImmediate);
    expect(entries[0]).toMatchObject({ status: 499, path: "/search" });
    expect(model.batches.flatMap(({ texts }) => texts).length).toBeLessThan(300);
  });
});
