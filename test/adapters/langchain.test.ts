import { ContextualCompressionRetriever } from "@langchain/classic/retrievers/contextual_compression";
import { Document } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { describe, expect, it } from "vitest";
import { GateCompressor } from "../../src/adapters/langchain.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";

const gate = fakeGate({
  model: new FakeModel(byNumber),
});

const documents = ["fair =1", "off =-2", "best =3"].map(
  (pageContent, number) => new Document({ pageContent, metadata: { number }, id: `d${number}` }),
);

class Fixed extends BaseRetriever {
  lc_namespace = ["test"];

  override async _getRelevantDocuments(): Promise<Document[]> {
    return documents;
  }
}

describe("GateCompressor", () => {
  it("gives copies of the relevant documents, the best first", async () => {
    const kept = await new GateCompressor(gate).compressDocuments(documents, "q");
    expect(kept).toEqual([
      expect.objectContaining({
        pageContent: "best =3",
        id: "d2",
        metadata: { number: 2, relevant: true, relevanceScore: 1 / (1 + Math.exp(-3)) },
      }),
      expect.objectContaining({
        pageContent: "fair =1",
        metadata: expect.objectContaining({ number: 0 }),
      }),
    ]);
    expect(documents.map(({ metadata }) => Object.keys(metadata))).toEqual([
      ["number"],
      ["number"],
      ["number"],
    ]);
  });

  it("keeps fewer, or all, where it is told to", async () => {
    const numbers = async (options: ConstructorParameters<typeof GateCompressor>[1]) =>
      (await new GateCompressor(gate, options).compressDocuments(documents, "q")).map(
        ({ metadata }) => metadata.number,
      );
    expect(await numbers({ topN: 1 })).toEqual([2]);
    expect(await numbers({ keepIrrelevant: true })).toEqual([2, 0, 1]);
    expect(() => new GateCompressor(gate, { topM: 1 } as never)).toThrow(/no option "topM"/);
  });

  it("is a compressor to LangChain, in a contextual compression retriever", async () => {
    const baseCompressor = new GateCompressor(gate);
    expect(BaseDocumentCompressor.isBaseDocumentCompressor(baseCompressor)).toBe(true);
    const retriever = new ContextualCompressionRetriever({
      baseCompressor,
      baseRetriever: new Fixed(),
    });
    const found = await retriever.invoke("q");
    expect(found.map(({ pageContent }) => pageContent)).toEqual(["best =3", "fair =1"]);
  });
});
