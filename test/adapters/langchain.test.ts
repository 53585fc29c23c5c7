import { ContextualCompressionRetriever } from "@langchain/classic/retrievers/contextual_compression";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { Embeddings } from "@langchain/core/embeddings";
import { BaseRetriever } from "@langchain/core/retrievers";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { describe, expect, it, onTestFinished } from "vitest";
import { GateCompressor, QragEmbeddings, QragRetriever } from "../../src/adapters/langchain.ts";
import { fakeEmbedder, VectorModel } from "../src/fake_embedder.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import { bagOf } from "../store/bag.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";

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

  it("puts the line of a calibration at one half", async () => {
    const calibrated = fakeGate({ model: new FakeModel(byNumber), offset: 1 });
    const kept = await new GateCompressor(calibrated, { keepIrrelevant: true }).compressDocuments(
      documents,
      "q",
    );
    expect(kept.map(({ metadata }) => [metadata.relevant, metadata.relevanceScore])).toEqual([
      [true, 1 / (1 + Math.exp(-2))],
      [false, 0.5],
      [false, 1 / (1 + Math.exp(3))],
    ]);
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

const dimensions = 32;
const bagEmbedder = () => {
  const model = new VectorModel((framed) => [...bagOf(framed, dimensions)]);
  return { model, embedder: fakeEmbedder({ model, dimensions }) };
};

describe("QragEmbeddings", () => {
  it("embeds documents as passages and a query as a query", async () => {
    const { model, embedder } = bagEmbedder();
    const embeddings = new QragEmbeddings(embedder);
    expect(embeddings).toBeInstanceOf(Embeddings);
    const vectors = await embeddings.embedDocuments(["red tea", "blue sea"]);
    expect(vectors).toEqual(["red tea", "blue sea"].map((text) => [...bagOf(text, dimensions)]));
    expect(await embeddings.embedQuery("tea")).toEqual([...bagOf("q tea", dimensions)]);
    expect(model.texts).toEqual(["[red tea]", "[blue sea]", "[q: tea]"]);
    expect(await embeddings.embedDocuments([])).toEqual([]);
  });

  it("takes options, and refuses those it does not know", async () => {
    const { embedder } = bagEmbedder();
    const embeddings = new QragEmbeddings(embedder, { dimensions: 8, normalize: true });
    const vector = await embeddings.embedQuery("some words of a question");
    expect(vector).toHaveLength(8);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    expect(() => new QragEmbeddings(embedder, { batch: 1 } as never)).toThrow(/no option "batch"/);
    expect(() => new QragEmbeddings(embedder, { dimensions: 33 })).toThrow(/at most 32/);
  });

  it("fills a vector store of LangChain's", async () => {
    const { embedder } = bagEmbedder();
    const store = await MemoryVectorStore.fromTexts(
      ["vinegar takes lime away", "tea wants water", "the sea is blue"],
      [{ n: 0 }, { n: 1 }, { n: 2 }],
      new QragEmbeddings(embedder),
    );
    const [best] = await store.similaritySearch("does vinegar take lime away", 1);
    expect(best?.metadata).toEqual({ n: 0 });
  });
});

describe("QragRetriever", () => {
  const { path, embedder } = folder();
  const notes = [
    { id: "a.md", path: "/notes/a.md", text: "# Care\n\nThe machine, descaled =1" },
    { id: "b", text: "The machine is red =-2", metadata: { kind: "color", line: "own" } },
    { id: "c", text: "Descale the machine =3" },
  ];

  async function filled(parts: Parameters<typeof openHere>[1]) {
    const store = await openHere(path(), parts);
    onTestFinished(() => store.dispose());
    await store.add(notes);
    return store;
  }

  it("gives what the gate lets through, the best first, with its place", async () => {
    const store = await filled({ gate, embedder: embedder() });
    const retriever = new QragRetriever(store, { tags: ["test"] });
    expect(retriever).toBeInstanceOf(BaseRetriever);
    const found = await retriever.invoke("machine");
    expect(found.map(({ metadata }) => metadata.id)).toEqual(["c", "a.md"]);
    expect(found[1]).toMatchObject({
      pageContent: "Care\nThe machine, descaled =1",
      metadata: {
        source: "/notes/a.md",
        headings: ["Care"],
        line: 3,
        start: 8,
        relevant: true,
        relevanceScore: 1 / (1 + Math.exp(-1)),
      },
    });
    const none = new QragRetriever(store, { filter: { ids: ["b"] } });
    expect(await none.invoke("machine")).toEqual([]);
  });

  it("keeps fewer, or all, where it is told to", async () => {
    const store = await filled({ gate });
    const ids = async (options: ConstructorParameters<typeof QragRetriever>[1]) =>
      (await new QragRetriever(store, options).invoke("machine")).map(
        ({ metadata }) => metadata.id,
      );
    expect(await ids({ topN: 1 })).toEqual(["c"]);
    expect(await ids({ keepIrrelevant: true })).toEqual(["c", "a.md", "b"]);
    expect(await ids({ topK: 1, keepIrrelevant: true })).toHaveLength(1);
    expect(() => new QragRetriever(store, { k: 4 } as never)).toThrow(/no option "k"/);
  });

  it("gives what the search finds where the store has no gate", async () => {
    const store = await filled({});
    const [red, ...others] = await new QragRetriever(store, { mode: "keyword" }).invoke("red");
    expect(others).toEqual([]);
    expect(red?.metadata).toMatchObject({ kind: "color", source: "b", line: 1 });
    expect(red?.metadata).not.toHaveProperty("relevant");
  });
});
