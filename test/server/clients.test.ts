// Real clients, unmodified but for their base URL, against the server with the model that ships.
import { createCohere } from "@ai-sdk/cohere";
import { CohereRerank } from "@langchain/cohere";
import { Document } from "@langchain/core/documents";
import { OpenAIEmbeddings } from "@langchain/openai";
import { rerank } from "ai";
import { CohereClient, CohereClientV2, CohereError } from "cohere-ai";
import OpenAI, { AuthenticationError, NotFoundError, UnprocessableEntityError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Embedder, type Gate, loadEmbedder, loadGate } from "../../src/index.ts";
import { type GateServer, serveGate } from "../../src/server/server.ts";
import { Encoders } from "../encoders.ts";

const query = "What is the capital of Germany?";
const documents = [
  "The Nile is the longest river.",
  "Berlin is the capital of Germany.",
  "Paris is the capital of France.",
];

const encoders = new Encoders();
let gate: Gate;
let embedder: Embedder;
let server: GateServer;
beforeAll(async () => {
  gate = await loadGate();
  embedder = await loadEmbedder(await encoders.path("mean"), { threads: 1 });
  server = await serveGate(gate, { port: 0, apiKey: "key", embedder });
});
afterAll(async () => {
  await server.close();
  await Promise.all([gate.dispose(), embedder.dispose(), encoders.remove()]);
});

/** The right answer comes first and is the only relevant one. */
function expectRight(ranking: readonly { index: number; score: number }[]): void {
  expect(ranking.map(({ index }) => index)[0]).toBe(1);
  expect(ranking.filter(({ score }) => score > 0.5).map(({ index }) => index)).toEqual([1]);
  expect(ranking).toHaveLength(3);
}

describe("cohere-ai", () => {
  it("version 2", async () => {
    const client = new CohereClientV2({ token: "key", environment: server.url });
    const answer = await client.rerank({ model: "qrag", query, documents });
    expectRight(answer.results.map(({ index, relevanceScore: score }) => ({ index, score })));
    expect(answer.id).toBeTruthy();
    expect(answer.meta?.apiVersion?.version).toBe("2");
    const best = await client.rerank({ model: "qrag", query, documents, topN: 1 });
    expect(best.results).toHaveLength(1);
  });

  it("version 1, with documents returned", async () => {
    const client = new CohereClient({ token: "key", environment: server.url });
    const answer = await client.rerank({
      query,
      documents: documents.map((text) => ({ text })),
      returnDocuments: true,
    });
    expectRight(answer.results.map(({ index, relevanceScore: score }) => ({ index, score })));
    expect(answer.results[0]?.document?.text).toBe(documents[1]);
  });

  it("reads our errors as its own", async () => {
    const wrong = new CohereClientV2({ token: "wrong", environment: server.url });
    await expect(wrong.rerank({ model: "qrag", query, documents })).rejects.toMatchObject({
      statusCode: 401,
    });
    const client = new CohereClientV2({ token: "key", environment: server.url });
    const error = await client
      .rerank({ model: "qrag", query: " ", documents }, { maxRetries: 0 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CohereError);
    expect(error).toMatchObject({
      statusCode: 422,
      body: { message: expect.stringMatching(/query/) },
    });
  });
});

describe("LangChain's CohereRerank", () => {
  it("orders documents", async () => {
    const client = new CohereClient({ token: "key", environment: server.url });
    const reranker = new CohereRerank({ client: client as never, model: "qrag", topN: 3 });
    const found = await reranker.compressDocuments(
      documents.map((pageContent) => new Document({ pageContent })),
      query,
    );
    expect(found[0]?.pageContent).toBe(documents[1]);
    expect(found.map(({ metadata }) => metadata.relevanceScore > 0.5)).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("the AI SDK's Cohere provider", () => {
  it("orders documents", async () => {
    const cohere = createCohere({ baseURL: `${server.url}/v2`, apiKey: "key" });
    const { ranking } = await rerank({ model: cohere.reranking("qrag"), query, documents });
    expectRight(ranking.map(({ originalIndex: index, score }) => ({ index, score })));
  });

  it("reads our errors as its own", async () => {
    const cohere = createCohere({ baseURL: `${server.url}/v2`, apiKey: "wrong" });
    const call = rerank({ model: cohere.reranking("qrag"), query, documents, maxRetries: 0 });
    await expect(call).rejects.toThrow(/API key is wrong/);
  });
});

describe("openai", () => {
  const clientOf = (apiKey: string) =>
    new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });

  it.each(["default", "float", "base64"] as const)("gets vectors in its %s", async (encoding) => {
    const { data, usage, model } = await clientOf("key").embeddings.create({
      model: "text-embedding-3-small",
      input: documents,
      ...(encoding !== "default" && { encoding_format: encoding }),
    });
    expect(data.map(({ index }) => index)).toEqual([0, 1, 2]);
    const vectors = data.map(({ embedding }: { embedding: number[] | string }) =>
      typeof embedding === "string"
        ? new Float32Array(new Uint8Array(Buffer.from(embedding, "base64")).buffer)
        : Float32Array.from(embedding),
    );
    expect(vectors).toEqual(await embedder.embed(documents));
    expect(usage.total_tokens).toBeGreaterThan(documents.length);
    expect(model).toBe("text-embedding-3-small");
  });

  it("gets fewer dimensions, one text, and the list of models", async () => {
    const { data } = await clientOf("key").embeddings.create({
      model: "qrag",
      input: documents[0]!,
      dimensions: 8,
    });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([8]);
    const { data: models } = await clientOf("key").models.list();
    expect(models).toHaveLength(2);
  });

  it("reads our errors as its own", async () => {
    const create = (apiKey: string, input: string | number[]) =>
      clientOf(apiKey).embeddings.create({ model: "qrag", input });
    await expect(create("wrong", "a")).rejects.toBeInstanceOf(AuthenticationError);
    const tokens = await create("key", [101, 102]).catch((error: unknown) => error);
    expect(tokens).toBeInstanceOf(UnprocessableEntityError);
    expect((tokens as Error).message).toMatch(/not the ids of tokens/);
    await using bare = await serveGate(gate, { port: 0 });
    const other = new OpenAI({ apiKey: "key", baseURL: `${bare.url}/v1` });
    const missing = other.embeddings.create({ model: "qrag", input: "a" });
    await expect(missing).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe("LangChain's OpenAIEmbeddings", () => {
  it("embeds documents and queries", async () => {
    const embeddings = new OpenAIEmbeddings({
      apiKey: "key",
      model: "qrag",
      configuration: { baseURL: `${server.url}/v1` },
    });
    const vectors = await embeddings.embedDocuments(documents);
    expect(vectors.map((vector) => Float32Array.from(vector))).toEqual(
      await embedder.embed(documents),
    );
    expect(await embeddings.embedQuery(documents[1]!)).toEqual(vectors[1]);
  });
});

describe("plain HTTP, as each protocol's clients send it", () => {
  const post = async (path: string, body: object) =>
    (
      await fetch(server.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer key" },
        body: JSON.stringify(body),
      })
    ).json();

  it("Text Embeddings Inference", async () => {
    expectRight(
      (await post("/rerank", {
        query,
        texts: documents,
        raw_scores: false,
        truncate: true,
      })) as never,
    );
  });

  it("Text Embeddings Inference's vectors", async () => {
    const vectors = (await post("/embed", { inputs: documents, truncate: true })) as number[][];
    expect(vectors.map((vector) => Float32Array.from(vector))).toEqual(
      await embedder.embed(documents, { normalize: true }),
    );
  });

  it("Jina and llama-server", async () => {
    const asked = { model: "jina-reranker-v2-base-multilingual", query, documents, top_n: 3 };
    for (const path of ["/v1/rerank", "/rerank", "/reranking"]) {
      const { results, usage } = (await post(path, asked)) as {
        results: { index: number; relevance_score: number }[];
        usage: { total_tokens: number };
      };
      expectRight(results.map(({ index, relevance_score: score }) => ({ index, score })));
      expect(usage.total_tokens).toBeGreaterThan(30);
    }
  });
});
