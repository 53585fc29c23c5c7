import type { RerankingModelV3 } from "@ai-sdk/provider";
import { type RerankingModel, rerank } from "ai";
import { rerank as rerank7 } from "ai-7";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type GateRerankingModel, gateRerankingModel } from "../../src/adapters/ai_sdk.ts";
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

it("has the types of the interface", () => {
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
