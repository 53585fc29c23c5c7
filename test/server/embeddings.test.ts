// Vectors over HTTP, in the shapes of Text Embeddings Inference and of OpenAI, on a made-up embedder.
import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/server/log.ts";
import { fakeEmbedder, VectorModel } from "../src/fake_embedder.ts";
import { get, post, serving } from "./serving.ts";

/** What the made-up model makes of "ab": its first letter, its last one, and how many "[ab]" has. */
const ab = [97, 98, 4];
const cd = [99, 100, 4];

describe("/embed", () => {
  it("gives an array of vectors of length 1", async () => {
    const { url } = await serving({ embedder: fakeEmbedder() });
    const answer = await post(`${url}/embed`, { inputs: ["ab", "cd"] });
    expect(answer.status).toBe(200);
    expect(answer.json).toHaveLength(2);
    for (const [index, raw] of [ab, cd].entries()) {
      const vector: number[] = answer.json[index];
      expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
      expect(vector[0]! / vector[2]!).toBeCloseTo(raw[0]! / raw[2]!, 3);
    }
    expect(answer.headers.get("x-compute-type")).toBe("cpu");
    expect(answer.headers.get("x-compute-tokens")).toBe("8");
    expect(answer.headers.get("x-compute-characters")).toBe("4");
  });

  it("takes one string, and gives every float back", async () => {
    const model = new VectorModel(() => [0.1, -1 / 3, 1e-9]);
    const { url } = await serving({ embedder: fakeEmbedder({ model }) });
    const { json } = await post(`${url}/embed`, { inputs: "ab", normalize: false });
    expect(json).toHaveLength(1);
    expect(Float32Array.from(json[0])).toEqual(Float32Array.of(0.1, -1 / 3, 1e-9));
  });

  it("puts the words of the prompt's name before a text, and cuts dimensions", async () => {
    const model = new VectorModel();
    const { url } = await serving({ embedder: fakeEmbedder({ model }) });
    const ask = (more: object) => post(`${url}/embed`, { inputs: "ab", normalize: false, ...more });
    await ask({ prompt_name: "query" });
    await ask({ prompt_name: "document" });
    expect(model.texts).toEqual(["[q: ab]", "[ab]"]);
    expect((await ask({ dimensions: 2 })).json).toEqual([ab.slice(0, 2)]);
  });

  it("cuts a long text, unless it is told not to", async () => {
    const { url } = await serving({ embedder: fakeEmbedder({ contextLength: 10 }) });
    const inputs = ["ab", "x".repeat(20)];
    expect((await post(`${url}/embed`, { inputs })).status).toBe(200);
    expect((await post(`${url}/embed`, { inputs, truncate: true })).status).toBe(200);
    const refused = await post(`${url}/embed`, { inputs, truncate: false });
    expect([refused.status, refused.json.error_type]).toEqual([422, "Validation"]);
    expect(refused.json.error).toMatch(/texts\[1\] is longer than the 10 tokens/);
  });

  it.each<[object | string, number, RegExp]>([
    ["{", 400, /not JSON/],
    [{ inputs: [] }, 400, /`inputs` cannot be empty/],
    [{}, 422, /a string or an array of strings/],
    [{ inputs: [101, 2023, 102] }, 422, /not the ids of tokens, for inputs/],
    [{ inputs: ["a", 1] }, 422, /for inputs/],
    [{ inputs: "a", normalize: "yes" }, 422, /normalize/],
    [{ inputs: "a", prompt_name: "title" }, 422, /"query" or "passage" or "document"/],
    [{ inputs: "a", prompt_name: "toString" }, 422, /prompt_name/],
    [{ inputs: "a", truncation_direction: "Left" }, 422, /truncation_direction/],
    [{ inputs: "a", dimensions: 4 }, 422, /at most 3 dimensions/],
  ])("%j gets %i", async (body, status, message) => {
    const { url } = await serving({ embedder: fakeEmbedder() });
    const answer = await post(`${url}/embed`, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      error: expect.stringMatching(message),
      error_type: expect.any(String),
    });
  });
});

describe("/v1/embeddings", () => {
  it("gives a list, its model and its usage", async () => {
    const { url } = await serving({ embedder: fakeEmbedder() });
    const { status, json } = await post(`${url}/v1/embeddings`, { input: ["ab", "cd"] });
    expect(status).toBe(200);
    expect(json).toEqual({
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: ab },
        { object: "embedding", index: 1, embedding: cd },
      ],
      model: "fake embedder",
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
  });

  it("takes one string, a model's name, fewer dimensions, and what the texts are", async () => {
    const model = new VectorModel();
    const { url } = await serving({ embedder: fakeEmbedder({ model }) });
    const { json } = await post(`${url}/v1/embeddings`, {
      input: "ab",
      model: 'text-"embedding"-3',
      encoding_format: "float",
      dimensions: 1,
      input_type: "query",
      user: "u",
    });
    expect(model.texts).toEqual(["[q: ab]"]);
    expect(json).toMatchObject({ model: 'text-"embedding"-3', data: [{ embedding: [113] }] });
  });

  it("encodes floats in base64, the lowest byte first", async () => {
    const { url } = await serving({ embedder: fakeEmbedder() });
    const { json } = await post(`${url}/v1/embeddings`, {
      input: "ab",
      encoding_format: "base64",
    });
    const bytes = Buffer.from(json.data[0].embedding, "base64");
    expect([0, 4, 8].map((at) => bytes.readFloatLE(at))).toEqual(ab);
    expect(bytes).toHaveLength(12);
  });

  it.each<[object, RegExp]>([
    [{ input: [] }, /at least one text/],
    [{ input: [[101, 102]] }, /not the ids of tokens, for input/],
    [{ input: "a", encoding_format: "int8" }, /"float" or "base64" for encoding_format/],
    [{ input: "a", model: 3 }, /model/],
    [{ input: "a", dimensions: 0 }, /dimensions/],
    [{ input: "a", input_type: "image" }, /input_type/],
  ])("%j gets 422 in the shape of OpenAI's errors", async (body, message) => {
    const { url } = await serving({ embedder: fakeEmbedder() });
    const { status, json } = await post(`${url}/v1/embeddings`, body);
    expect(status).toBe(422);
    expect(json.error).toEqual({
      code: 422,
      message: expect.stringMatching(message),
      type: "invalid_request_error",
    });
  });
});

describe("a server without an embedder", () => {
  it("says so, in each protocol's shape", async () => {
    const { url } = await serving();
    const openAi = await post(`${url}/v1/embeddings`, { input: "a" });
    expect([openAi.status, openAi.json.error.type]).toEqual([404, "not_found_error"]);
    expect(openAi.json.error.message).toMatch(/no embedding model: start it with --embedder/);
    const tei = await post(`${url}/embed`, { inputs: "a" });
    expect([tei.status, tei.json.error]).toEqual([404, openAi.json.message]);
    expect((await get(`${url}/embed`)).status).toBe(405);
    expect((await get(`${url}/v1/models`)).json.data).toHaveLength(1);
  });
});

describe("what is shared with other routes", () => {
  it("is the list of models, the key and the metrics", async () => {
    const entries: LogEntry[] = [];
    const { url } = await serving({
      embedder: fakeEmbedder(),
      apiKey: "secret",
      log: (entry) => entries.push(entry),
    });
    const key = { authorization: "Bearer secret" };
    expect((await post(`${url}/embed`, { inputs: "a" })).status).toBe(401);
    await post(`${url}/embed`, { inputs: ["a", "b"] }, { ...key, "x-request-id": "one" });
    const models = await get(`${url}/v1/models`, key);
    expect(models.json.data.map(({ id }: { id: string }) => id)).toEqual(["fake", "fake embedder"]);
    const { text } = await get(`${url}/metrics`, key);
    for (const line of [
      'te_request_success{method="/embed"} 1',
      "te_queue_size 0",
      "qrag_embedded_total 2",
      "qrag_embedded_tokens_total 6",
      "qrag_passages_total 0",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(entries[1]).toMatchObject({ id: "one", path: "/embed", documents: 2, tokens: 6 });
  });

  it("is the limit of a request and of the queue, whoever is asked", async () => {
    const model = new VectorModel();
    let go = () => {};
    const running = new Promise<void>((started) => {
      model.onScore = () => {
        started();
        return new Promise((resolve) => {
          go = resolve;
        });
      };
    });
    const { url } = await serving({
      embedder: fakeEmbedder({ model }),
      maxDocuments: 3,
      maxQueue: 4,
    });
    const many = await post(`${url}/v1/embeddings`, { input: ["a", "b", "c", "d"] });
    expect([many.status, many.json.message]).toEqual([422, expect.stringMatching(/at most 3/)]);
    const first = post(`${url}/v1/embeddings`, { input: ["a", "b", "c"] });
    await running;
    const second = await post(`${url}/v1/embeddings`, { input: ["a", "b"] });
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    const judged = await post(`${url}/judge`, { query: "q", passages: ["a", "b"] });
    expect(judged.status).toBe(429);
    go();
    expect((await first).status).toBe(200);
  });

  it("is what becomes of a client that leaves", async () => {
    const model = new VectorModel();
    const entries: LogEntry[] = [];
    const { url } = await serving({
      embedder: fakeEmbedder({ model }),
      log: (entry) => entries.push(entry),
    });
    const stop = new AbortController();
    model.onScore = () => stop.abort();
    const call = fetch(`${url}/embed`, {
      method: "POST",
      body: JSON.stringify({ inputs: Array(900).fill("some text to embed") }),
      signal: stop.signal,
    });
    await expect(call).rejects.toThrow();
    while (entries.length === 0) await new Promise(setImmediate);
    expect(entries[0]).toMatchObject({ status: 499, path: "/embed" });
    expect(model.texts.length).toBeLessThan(900);
    expect((await get(`${url}/metrics`)).text).toContain("te_queue_size 0");
  });

  it("is the answer when the embedder is disposed of first", async () => {
    const embedder = fakeEmbedder();
    const { url } = await serving({ embedder });
    await embedder.dispose();
    expect((await post(`${url}/embed`, { inputs: "a" })).status).toBe(503);
  });
});
