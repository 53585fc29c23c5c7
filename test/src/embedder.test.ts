// The embedder on a made-up model: what is put in front, what is cut or averaged, what is normalized.
import { describe, expect, it } from "vitest";
import { similarity } from "../../src/embedder.ts";
import { fakeEmbedder, VectorModel } from "./fake_embedder.ts";
import { codeOf, collect } from "./fakes.ts";

function makeEmbedder(options: { normalized?: boolean; contextLength?: number } = {}) {
  const model = new VectorModel();
  return { model, embedder: fakeEmbedder({ model, ...options }) };
}

const letters = (text: string) => text.charCodeAt(0);

describe("embed", () => {
  it("gives a vector for each text, in order", async () => {
    const { embedder, model } = makeEmbedder();
    const vectors = await embedder.embed(["abc", "de", ""]);
    expect(vectors.slice(0, 2).map((vector) => [...vector])).toEqual([
      [letters("a"), letters("c"), 5],
      [letters("d"), letters("e"), 4],
    ]);
    expect(model.texts).toEqual(["[abc]", "[de]", "[]"]);
    expect(await embedder.embed([])).toEqual([]);
  });

  it("puts the model's own words before a query", async () => {
    const { embedder, model } = makeEmbedder();
    await embedder.embed(["abc"], { as: "query" });
    await embedder.embed(["abc"], { as: "passage" });
    expect(model.texts).toEqual(["[q: abc]", "[abc]"]);
  });

  it("normalizes where the model says so, and after dimensions were cut", async () => {
    const { embedder } = makeEmbedder({ normalized: true });
    const [whole] = await embedder.embed(["abc"]);
    expect(similarity(whole!, whole!)).toBeCloseTo(1, 6);
    const [cut] = await embedder.embed(["abc"], { dimensions: 2 });
    expect(cut!.length).toBe(2);
    expect(Math.hypot(...cut!)).toBeCloseTo(1, 6);
    expect(cut![0]! / cut![1]!).toBeCloseTo(whole![0]! / whole![1]!, 5);
  });

  it("normalizes, or does not, where it is asked to", async () => {
    const lengths = async (normalized: boolean, normalize: boolean) => {
      const { embedder } = makeEmbedder({ normalized });
      const [vector] = await embedder.embed(["abc"], { normalize });
      return Math.hypot(...vector!);
    };
    expect(await lengths(false, true)).toBeCloseTo(1, 6);
    expect(await lengths(true, false)).toBeGreaterThan(100);
  });

  it("refuses a long text where it is asked to, and says which", async () => {
    const { embedder } = makeEmbedder({ contextLength: 10 });
    const texts = ["x".repeat(8), "x".repeat(9)];
    await expect(embedder.embed(texts, { long: "refuse" })).rejects.toThrow(
      /texts\[1\] is longer than the 10 tokens/,
    );
    expect(await embedder.embed(texts.slice(0, 1), { long: "refuse" })).toHaveLength(1);
  });

  it("cuts a long text at the model's context, its last special token kept", async () => {
    const { embedder, model } = makeEmbedder({ contextLength: 10 });
    await embedder.embed(["x".repeat(500), "short"]);
    expect(model.texts).toEqual([`[${"x".repeat(8)}]`, "[short]"]);
  });

  it("averages the windows of a long text by their tokens where it is asked to", async () => {
    const { embedder, model } = makeEmbedder({ contextLength: 64 });
    const text = Array.from({ length: 12 }, (_, n) => `Sentence ${n} is here.`).join(" ");
    const [vector] = await embedder.embed([text], { long: "average" });
    expect(model.texts.length).toBeGreaterThan(3);
    const tokens = model.texts.map(({ length }) => length);
    const total = tokens.reduce((sum, length) => sum + length, 0);
    const mean = tokens.reduce((sum, length) => sum + (length * length) / total, 0);
    expect(vector![2]).toBeCloseTo(mean, 3);
    expect(vector![0]).toBeGreaterThan(0);
  });

  it("reports progress, stops on a signal, and is done when it is disposed", async () => {
    const { embedder, model } = makeEmbedder();
    const seen: number[] = [];
    await embedder.embed(["a", "b"], { onProgress: ({ done }) => seen.push(done) });
    expect(seen).toEqual([1, 2]);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(embedder.embed(["a"], { signal })).rejects.toThrow("enough");
    await embedder.dispose();
    await embedder.dispose();
    expect(model.disposals).toBe(1);
    expect(await codeOf(embedder.embed(["a"]))).toBe("DISPOSED");
  });
});

describe("stream", () => {
  it("gives vectors of their own memory, each with the tokens that were read", async () => {
    const { embedder } = makeEmbedder({ contextLength: 10 });
    const texts = ["abc", "x".repeat(50)];
    const embedded = await collect(embedder.stream(texts));
    expect(embedded.map(({ vector }) => vector)).toEqual(await embedder.embed(texts));
    expect(embedded.map(({ tokens }) => tokens)).toEqual([5, 10]);
    embedded[0]!.vector.fill(0);
    expect(embedded[1]!.vector[2]).toBe(10);
  });

  it("counts all windows of an averaged text, and ends with its caller", async () => {
    const { embedder, model } = makeEmbedder();
    const text = Array.from({ length: 12 }, (_, n) => `Sentence ${n} is here.`).join(" ");
    const [one] = await collect(embedder.stream([text], { long: "average" }));
    expect(one!.tokens).toBe(model.texts.reduce((sum, { length }) => sum + length, 0));
    const asked = model.texts.length;
    for await (const _ of embedder.stream(Array(5000).fill("some text"))) break;
    expect(model.texts.length - asked).toBeLessThan(5000);
  });
});

describe("embedInto", () => {
  it("fills a matrix, row after row", async () => {
    const { embedder } = makeEmbedder();
    const matrix = new Float32Array(6).fill(7);
    await embedder.embedInto(matrix, ["abc", "de"]);
    expect([...matrix]).toEqual([letters("a"), letters("c"), 5, letters("d"), letters("e"), 4]);
  });

  it("refuses a matrix of another size", async () => {
    const { embedder } = makeEmbedder();
    await expect(embedder.embedInto(new Float32Array(5), ["a", "b"])).rejects.toThrow(/2 x 3/);
    await expect(embedder.embedInto([] as never, [])).rejects.toThrow(/Float32Array/);
  });
});

it.each<[string, unknown, unknown]>([
  ["a single string", "text", undefined],
  ["something that is no text", ["a", 3], undefined],
  ["an unknown option", ["a"], { kind: "query" }],
  ["another use", ["a"], { as: "document" }],
  ["more dimensions than there are", ["a"], { dimensions: 4 }],
])("refuses %s", async (_what, texts, options) => {
  const { embedder } = makeEmbedder();
  expect(await codeOf(embedder.embed(texts as never, options as never))).toBe("INPUT_INVALID");
});

it("similarity is the cosine, and 0 with a vector of zeros", () => {
  expect(similarity(Float32Array.of(3, 0), Float32Array.of(1, 1))).toBeCloseTo(Math.SQRT1_2, 6);
  expect(similarity(Float32Array.of(0, 0), Float32Array.of(1, 1))).toBe(0);
  expect(() => similarity(new Float32Array(2), new Float32Array(3))).toThrow(/one length/);
});
