// The second opinion: which margins it moves and how far, whose vectors it takes, and that given ones change nothing.
import { randomBytes, randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { SecondOpinion as OpinionInFile } from "../../gguf/architecture.ts";
import { type EmbedOptions, loadEmbedder, loadGate } from "../../src/index.ts";
import { modelDigest, shippedEmbedder } from "../../src/model/files.ts";
import { roundedVector } from "../../src/rounded_vector.ts";
import { type AskedEmbedder, SecondOpinion } from "../../src/second_opinion.ts";
import { Encoders } from "../encoders.ts";
import { bagOf } from "../store/bag.ts";
import { byNumber, codeOf, collect, FakeModel, fakeGate } from "./fakes.ts";

const digest = "ab".repeat(32);
const numbers: OpinionInFile = { embedder: digest, weight: 4, centre: 0.5, within: 2 };
const dimensions = 64;
const bag = (text: string) => bagOf(text, dimensions);

class BagEmbedder implements AskedEmbedder {
  readonly asked: [text: string, as: string][] = [];
  disposals = 0;
  onEmbed: () => void | Promise<void> = () => {};

  async embed(texts: Iterable<string>, { as = "passage" }: EmbedOptions = {}) {
    await this.onEmbed();
    return [...texts].map((text) => {
      this.asked.push([text, as]);
      return bag(text);
    });
  }

  async dispose() {
    this.disposals++;
  }
}

function opinionated(settings: Parameters<typeof fakeGate>[0] = {}) {
  const embedder = new BagEmbedder();
  const gate = fakeGate({
    model: new FakeModel(byNumber),
    secondOpinion: new SecondOpinion(numbers, embedder),
    embedder: digest,
    ...settings,
  });
  return { gate, embedder };
}

/** By floats: the gate's vectors are rounded. */
function cosine(a: string, b: string): number {
  const [one, other] = [bag(a), bag(b)];
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return product(one, other) / Math.sqrt(product(one, one) * product(other, other));
}

const query = "red apple tree";
const passages = ["red apple tree =0.5", "rain stone =-1", "apple tree =1.99", "sun =2", "sea =-7"];
const told = { queryVector: bag(query), embedder: digest };

describe("a second opinion", () => {
  it("moves the margins that are not sure, and asks about no others", async () => {
    const { gate, embedder } = opinionated();
    const verdicts = await gate.judgeAll(query, passages);
    for (const [at, passage] of passages.entries()) {
      const own = byNumber(passage);
      const share = Math.max(0, 1 - (own / 2) ** 2);
      const wanted = own + share * 4 * (cosine(query, passage) - 0.5);
      expect(verdicts[at]!.margin).toBeCloseTo(wanted, 1);
      expect(verdicts[at]!.relevant).toBe(verdicts[at]!.margin > 0);
    }
    expect(verdicts[0]!.margin).toBeGreaterThan(0.9);
    expect(verdicts.slice(3).map(({ margin }) => margin)).toEqual([2, -7]);
    expect(embedder.asked).toEqual([
      [query, "query"],
      ...passages.slice(0, 3).map((passage) => [passage, "passage"]),
    ]);
  });

  it("asks nobody where every margin is sure", async () => {
    const { gate, embedder } = opinionated();
    expect(await gate.score(query, "sea =-7")).toBe(0);
    expect(embedder.asked).toEqual([]);
  });

  it("is the same to the bit from vectors that are given, as floats or rounded", async () => {
    const { gate, embedder } = opinionated();
    const wanted = await gate.judgeAll(query, passages);
    embedder.asked.length = 0;
    const floats = passages.map((text) => ({ text, vector: bag(text) }));
    const rounded = passages.map((text) => ({ text, vector: roundedVector(bag(text)) }));
    expect(await gate.judgeAll(query, floats, told)).toEqual(wanted);
    const asked = { ...told, queryVector: roundedVector(bag(query)) };
    expect(await gate.judgeAll(query, rounded, asked)).toEqual(wanted);
    expect(await collect(gate.stream(query, rounded, told))).toEqual(wanted);
    const ranked = await gate.rank(query, floats, told);
    expect(ranked.map(({ verdict }) => verdict)).toEqual(
      wanted.toSorted((a, b) => b.margin - a.margin),
    );
    expect(await gate.filter(query, rounded, told)).toEqual([rounded[0], rounded[2], rounded[3]]);
    expect(await gate.score(query, rounded[0]!, told)).toBe(1);
    expect(embedder.asked).toEqual([]);
  });

  it("computes the vectors that are missing among given ones", async () => {
    const { gate, embedder } = opinionated();
    const wanted = await gate.judgeAll(query, passages);
    embedder.asked.length = 0;
    const mixed = passages.map((text, at) =>
      at === 1 ? { text, vector: null } : { text, vector: bag(text) },
    );
    expect(await gate.judgeAll(query, mixed, told)).toEqual(wanted);
    expect(embedder.asked).toEqual([[passages[1], "passage"]]);
  });

  it("looks at no vector of a passage without the query's", async () => {
    const { gate } = opinionated();
    const rows = passages.map((text) => ({ text, vector: [Number.NaN] }));
    expect(await gate.judgeAll(query, rows)).toEqual(await gate.judgeAll(query, passages));
  });

  it("asks about each window of a long passage, whose vector is not theirs", async () => {
    const { gate, embedder } = opinionated({ contextLength: 100 });
    const text = `${"Nothing =-1 is here. ".repeat(9)}A red apple tree =0.1 stands here.`;
    const alone = await gate.judge(query, text);
    const asked = embedder.asked.map(([window]) => window).filter((window) => window !== query);
    expect(asked.length).toBeGreaterThan(0);
    for (const window of asked) {
      expect(text).toContain(window);
      expect(window.length).toBeLessThan(100);
    }
    expect(alone.margin).not.toBe(0.1);
    expect(await gate.judge(query, { text, vector: bag("elsewhere") }, told)).toEqual(alone);
  });

  it("embeds a query once, however many batches and calls are judged against it", async () => {
    const { gate, embedder } = opinionated();
    const many = Array.from({ length: 400 }, (_, at) => `red apple ${at} =0.5`);
    await gate.judgeAll(query, many);
    for (const passage of passages.slice(0, 3)) await gate.judge(query, passage);
    expect(embedder.asked.filter(([, as]) => as === "query")).toEqual([[query, "query"]]);
  });

  it("says nothing where a vector is zeros", async () => {
    const { gate } = opinionated();
    const passage = { text: "red =0.5", vector: new Float32Array(dimensions) };
    expect((await gate.judge(query, passage, told)).margin).toBe(0.5);
    expect((await gate.judge("1 2 3", "red =0.5")).margin).toBe(0.5);
  });

  it("goes with its batch: refused passages, many windows and many callers stay in their order", async () => {
    const { gate } = opinionated({ contextLength: 60, scripts: ["Latin"] });
    const many = Array.from({ length: 150 }, (_, at) =>
      at % 7 === 0
        ? "東京は日本の首都です"
        : `${"apple =-3 ".repeat(at % 11)}red =${(at % 9) / 3 - 1}`,
    );
    const one = await Promise.all(many.map((passage) => gate.judge(query, passage)));
    expect(await gate.judgeAll(query, many)).toEqual(one);
    expect(new Set(one.map(({ reason }) => reason)).size).toBe(2);
    expect(Math.max(...one.map(({ windows }) => windows))).toBeGreaterThan(1);
  });

  it.each<[string, object, RegExp]>([
    ["vectors of nobody", { queryVector: bag(query) }, /needs embedder beside it/],
    ["an embedder without a vector", { embedder: digest }, /needs queryVector/],
    [
      "another embedder",
      { ...told, embedder: "cd".repeat(32) },
      /takes those of the embedder abab/,
    ],
    ["a vector that is none", { ...told, queryVector: [1, 2] }, /Float32Array or an Int8Array/],
    [
      "numbers that are none",
      { ...told, queryVector: bag(query).fill(Number.POSITIVE_INFINITY, 17, 18) },
      /finite numbers for queryVector but received Infinity at 17/,
    ],
    ["no numbers", { ...told, queryVector: new Int8Array() }, /a vector that is not empty/],
    ["too few numbers", { ...told, queryVector: new Int8Array(3).fill(1) }, /Expected 3 numbers/],
  ])("refuses %s", async (_what, options, message) => {
    const { gate } = opinionated();
    const passage = { text: "red =1", vector: bag("red") };
    const judging = async () => gate.judge(query, passage, options);
    await expect(judging()).rejects.toMatchObject({ code: "INPUT_INVALID" });
    await expect(judging()).rejects.toThrow(message);
    await expect(gate.filter(query, [passage], options)).rejects.toThrow(message);
  });

  it("refuses a passage's vector that is none, before anything is judged", async () => {
    const { gate, embedder } = opinionated();
    const rows = [{ text: "red =1" }, { text: "red =1", vector: "none" }];
    await expect(gate.judgeAll(query, rows, told)).rejects.toThrow(/passages\[1\]\.vector/);
    const asked = { ...told, queryVector: new Int8Array(3).fill(1) };
    await expect(gate.judge(query, "red =1", asked)).rejects.toThrow(/Expected 64 numbers/);
    expect(embedder.asked.map(([, as]) => as)).toEqual(["passage"]);
  });

  it("takes no vectors where it has no second opinion", async () => {
    const gate = fakeGate({ model: new FakeModel(byNumber) });
    await expect(gate.judge(query, "red =1", told)).rejects.toThrow(/takes no vectors/);
  });

  it("copies what it is given", async () => {
    const { gate } = opinionated();
    const wanted = await gate.judge(query, passages[0]!);
    const vector = roundedVector(bag(passages[0]!));
    const judged = gate.judge(query, { text: passages[0]!, vector }, told);
    vector.fill(1);
    expect(await judged).toEqual(wanted);
  });

  it("is not for the whole vocabulary", async () => {
    const { gate } = opinionated({ fullVocabulary: false });
    const judged = gate.judge(query, "red =1", { fullVocabulary: true });
    await expect(judged).rejects.toThrow(/by the model alone: .*embedder: false/);
  });

  it("ends with the signal and with the gate", async () => {
    const { gate, embedder } = opinionated();
    const controller = new AbortController();
    embedder.onEmbed = () => controller.abort(new Error("enough"));
    const judged = gate.judge(query, "red =1", { signal: controller.signal });
    await expect(judged).rejects.toThrow("enough");
    embedder.onEmbed = () => gate.dispose();
    expect(await codeOf(gate.judge(query, "red =1"))).toBe("DISPOSED");
    expect(embedder.disposals).toBeGreaterThan(0);
  });
});

describe("a gate's file with a second opinion", () => {
  const encoders = new Encoders();
  const embedderPath = () => encoders.path("mean");
  const askingFor = (embedder: string) =>
    encoders.path("labels", { secondOpinion: { ...numbers, embedder, within: 90 } });
  const gatePath = async () => askingFor(await modelDigest(await embedderPath()));
  const pairs = ["a b c", "the capital of Germany", "x".repeat(40)];

  it("asks the embedder that is named, as the formula has it", async () => {
    const path = await embedderPath();
    await using gate = await loadGate(await gatePath(), { embedder: path });
    await using alone = await loadGate(await gatePath(), { embedder: false });
    await using embedder = await loadEmbedder(path);
    expect(gate.info.embedder).toBe(await modelDigest(path));
    expect(alone.info.embedder).toBeUndefined();
    const [asked] = await embedder.embed(["what is b"], { as: "query" });
    const vectors = await embedder.embed(pairs);
    const own = await alone.judgeAll("what is b", pairs);
    const both = await gate.judgeAll("what is b", pairs);
    for (const [at, { margin }] of own.entries()) {
      const [a, b] = [asked!, vectors[at]!];
      const cosine = a.reduce((sum, v, i) => sum + v * b[i]!, 0);
      const wanted = margin + (1 - (margin / 90) ** 2) * 4 * (cosine - 0.5);
      expect(both[at]!.margin).toBeCloseTo(wanted, 1);
      expect(both[at]!.margin).not.toBe(margin);
    }
    const given = pairs.map((text, at) => ({ text, vector: vectors[at]! }));
    const options = { queryVector: asked!, embedder: gate.info.embedder };
    expect(await gate.judgeAll("what is b", given, options)).toEqual(both);
  });

  it("does not open without its embedder, or with another", async () => {
    const other = await encoders.path("mean", { name: "another" });
    const gate = await gatePath();
    expect(await codeOf(loadGate(gate))).toBe("MODEL_NOT_FOUND");
    await expect(loadGate(gate)).rejects.toThrow(/--gate-embedder/);
    await expect(loadGate(gate, { embedder: other })).rejects.toThrow(/its SHA-256 is/);
    expect(await codeOf(loadGate(gate, { embedder: "nowhere.gguf" }))).toBe("MODEL_NOT_FOUND");
    const plain = await encoders.path("labels");
    await expect(loadGate(plain, { embedder: other })).rejects.toThrow(/asks no embedder/);
    await using alone = await loadGate(plain, { embedder: false });
    expect(alone.info.embedder).toBeUndefined();
  });

  it("takes a calibration that was made with the same opinion only", async () => {
    const [path, embedder] = [await gatePath(), await embedderPath()];
    const head = { format: "qrag-calibration", version: 1, sha256: await modelDigest(path) };
    const written = async (more: object) => {
      const file = `${path}.${randomUUID()}.json`;
      await writeFile(file, JSON.stringify({ ...head, offset: 1, ...more }));
      return file;
    };
    const without = await written({});
    const within = await written({ embedder: await modelDigest(embedder) });
    await using gate = await loadGate(path, { embedder, calibration: within });
    await using alone = await loadGate(path, { embedder: false, calibration: without });
    expect([gate.info.offset, alone.info.offset]).toEqual([1, 1]);
    const mixed = loadGate(path, { embedder, calibration: without });
    await expect(mixed).rejects.toThrow(/made without the second opinion/);
    const other = loadGate(path, { embedder: false, calibration: within });
    await expect(other).rejects.toThrow(/made with the second opinion/);
  });

  it("asks the package's own embedder without being told", async () => {
    const path = await askingFor(shippedEmbedder.sha256);
    await using gate = await loadGate(path);
    await using alone = await loadGate(path, { embedder: false });
    const [text, far] = ["Berlin is the capital of Germany.", "Salt the water before it boils."];
    const moved = async (passage: string) => {
      const [one, other] = await Promise.all(
        [gate, alone].map((each) => each.judge(text, passage)),
      );
      return one!.margin - other!.margin;
    };
    expect(await moved(text)).toBeGreaterThan(1.8);
    expect(await moved(far)).toBeLessThan(-1);
  });

  it("says so when the embedder turns out to be damaged, or another file by then", async () => {
    const path = `${await embedderPath()}.noise`;
    await writeFile(path, randomBytes(200));
    const gate = await askingFor(await modelDigest(path));
    await using opened = await loadGate(gate, { embedder: path });
    expect(await codeOf(opened.judge("q", "a b c"))).toBe("MODEL_INVALID");
    await writeFile(path, "another");
    await expect(opened.judge("q", "a b c")).rejects.toThrow(/its SHA-256 is/);
  });
});
