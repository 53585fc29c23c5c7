import type { EmbeddingModelV3, RerankingModelV3 } from "@ai-sdk/provider";
import {
  cosineSimilarity,
  type EmbeddingModel,
  embed,
  embedMany,
  type RerankingModel,
  rerank,
} from "ai";
import { embed as embed7, embedMany as embedMany7, rerank as rerank7 } from "ai-7";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type GateRerankingModel,
  gateRerankingModel,
  type QragEmbeddingModel,
  qragEmbeddingModel,
} from "../../src/adapters/ai_sdk.ts";
import { fakeEmbedder, VectorModel } from "../src/fake_embedder.ts";
import { byNumber, codeOf, FakeModel, fakeGate } from "../src/fakes.ts";

const gate = fakeGate({
  model: new FakeModel(byNumber),
});
const documents = ["fair =1", "off =-2", "best =3"];
const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));

describe.each([
  ["AI SDK 6", rerank as never as typeof rerank7, "v3"],
  ["AI SDK 7", rerank7, "v3"],
  ["AI SDK 7", rerank7, "v4"],
] as const)("in %s's rerank", (_, call, version) => {
  const model = gateRerankingModel(gate, version as "v3") as never as Parameters<
    typeof rerank7
  >[0]["model"];

  it(`as ${version}, orders texts`, async () => {
    const result = await call({ model, query: "q", documents });
    expect(result.ranking).toEqual([
      { originalIndex: 2, score: sigmoid(3), document: "best =3" },
      { originalIndex: 0, score: sigmoid(1), document: "fair =1" },
      { originalIndex: 1, score: sigmoid(-2), document: "off =-2" },
    ]);
    expect(result.rerankedDocuments).toEqual(["best =3", "fair =1", "off =-2"]);
    expect(result.providerMetadata).toEqual({ qrag: { relevant: [2, 0] } });
    expect(result.response.modelId).toBe("fake");
  });

  it(`as ${version}, takes objects, the best few, and only what is relevant`, async () => {
    const objects = [{ text: "a =1", id: 1 }, { title: "b =2" }, { text: "c =-1" }];
    const top = await call({ model, query: "q", documents: objects, topN: 2 });
    expect(top.rerankedDocuments).toEqual([objects[1], objects[0]]);
    const providerOptions = { qrag: { onlyRelevant: true } };
    const relevant = await call({ model, query: "q", documents, providerOptions });
    expect(relevant.rerankedDocuments).toEqual(["best =3", "fair =1"]);
  });

  it(`as ${version}, stops when aborted`, async () => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    const call7 = call({ model, query: "q", documents, abortSignal: stop.signal, maxRetries: 0 });
    await expect(call7).rejects.toThrow(/enough/);
  });
});

it("puts the line of a calibration at one half", async () => {
  const calibrated = fakeGate({ model: new FakeModel(byNumber), offset: 1 });
  const { ranking } = await rerank({
    model: gateRerankingModel(calibrated),
    query: "q",
    documents,
  });
  expect(ranking.map(({ score }) => score)).toEqual([sigmoid(2), 0.5, sigmoid(-3)]);
});

describe.each([
  ["AI SDK 6", embed as never as typeof embed7, embedMany as never as typeof embedMany7, "v3"],
  ["AI SDK 7", embed7, embedMany7, "v3"],
  ["AI SDK 7", embed7, embedMany7, "v4"],
] as const)("in %s's embed and embedMany", (_, one, many, version) => {
  const made = () => {
    const vectors = new VectorModel();
    const embedder = fakeEmbedder({ model: vectors });
    const model = qragEmbeddingModel(embedder, version as "v3") as never as Parameters<
      typeof embed7
    >[0]["model"];
    return { model, vectors };
  };

  it(`as ${version}, gives vectors and the tokens read`, async () => {
    const { model } = made();
    const single = await one({ model, value: "ab" });
    expect(single.embedding).toEqual([97, 98, 4]);
    expect(single.usage.tokens).toBe(4);
    const both = await many({ model, values: ["ab", "cd", "ab"] });
    expect(both.embeddings).toEqual([
      [97, 98, 4],
      [99, 100, 4],
      [97, 98, 4],
    ]);
    expect(both.usage.tokens).toBe(12);
    expect(cosineSimilarity(both.embeddings[0]!, both.embeddings[2]!)).toBeCloseTo(1, 6);
  });

  it(`as ${version}, takes the options of embed, and no others`, async () => {
    const { model, vectors } = made();
    const qrag = { as: "query", dimensions: 2 };
    const { embedding } = await one({ model, value: "ab", providerOptions: { qrag } });
    expect(embedding).toEqual([113, 98]);
    expect(vectors.texts).toEqual(["[q: ab]"]);
    const wrong = { qrag: { kind: "query" } };
    const call = one({ model, value: "ab", providerOptions: wrong, maxRetries: 0 });
    await expect(call).rejects.toThrow(/no option "kind"/);
  });

  it(`as ${version}, stops when aborted`, async () => {
    const { model } = made();
    const stop = AbortSignal.abort(new Error("enough"));
    const call = many({ model, values: ["a", "b"], abortSignal: stop, maxRetries: 0 });
    await expect(call).rejects.toThrow(/enough/);
  });
});

it("cuts vectors by the dimensions of version 4", async () => {
  const model = qragEmbeddingModel(fakeEmbedder(), "v4");
  const { embeddings } = await model.doEmbed({ values: ["ab"], dimensions: 1 });
  expect(embeddings).toEqual([[97]]);
});

it("has the types of the interface", () => {
  expectTypeOf<QragEmbeddingModel<"v3">>().toExtend<EmbeddingModelV3>();
  expectTypeOf(qragEmbeddingModel(fakeEmbedder())).toExtend<EmbeddingModel>();
  expectTypeOf<GateRerankingModel<"v3">>().toExtend<RerankingModelV3>();
  expectTypeOf(gateRerankingModel(gate)).toExtend<RerankingModel>();
});

it("refuses an option it does not know", async () => {
  const call = { documents: { type: "text", values: documents }, query: "q" } as const;
  const providerOptions = { qrag: { minScore: 1 } };
  expect(await codeOf(gateRerankingModel(gate).doRerank({ ...call, providerOptions }))).toBe(
    "INPUT_INVALID",
  );
});
