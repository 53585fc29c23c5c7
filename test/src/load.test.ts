// The whole way with the native engine: a file in, verdicts out.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelDescription } from "../../gguf/architecture.ts";
import { addon } from "../../native/loader.ts";
import { type LoadOptions, loadGate } from "../../src/index.ts";
import { decisionModel } from "../../src/model/load.ts";
import { codeOf } from "./fakes.ts";
import { type ModelFileSettings, modelFile } from "./model_file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function randomGate(settings: ModelFileSettings = {}, options: LoadOptions = {}) {
  const path = join(folder, `${JSON.stringify(settings).replace(/\W+/g, "-")}.gguf`);
  await writeFile(path, await modelFile(settings));
  return loadGate(path, { threads: 1, ...options });
}

const query = "capital of Germany";
const subjects = ["Berlin", "Paris", "The river", "A cat", "Nobody"];
const passages = Array.from({ length: 50 }, (_, n) => `${subjects[n % 5]} is number ${n}.`);

describe("a loaded gate", () => {
  it("says what it is", async () => {
    const best = addon().kernels()[0];
    await using gate = await randomGate();
    expect(gate.info).toMatchObject({
      name: "random",
      contextLength: 256,
      engine: best === "portable" ? "reference" : "fast",
      device: best === "portable" ? addon().version().instructionSet : best,
      threads: 1,
      weightTypes: ["F32"],
      fullVocabulary: best === "portable",
    });
    const { embeddingLength, vocabularySize, feedForwardLength } = gate.info.numbers;
    const attention = 64 * (64 + 32 + 32 + 64);
    const block = attention + 3 * 64 * feedForwardLength + 2 * 64;
    expect(gate.info.parameters).toBe(embeddingLength * vocabularySize + 2 * block + 64);
    expect(new Set(gate.info.decision.map(({ label }) => label))).toEqual(new Set(["0", "1"]));
    for (const { text, label } of gate.info.decision) expect(text.trim()).toBe(label);
  });

  it("computes with 4-bit weights as they are, and unpacked", async () => {
    await using reference = await randomGate({ type: "Q4_0" }, { engine: "reference" });
    const { margin } = await reference.judge(query, passages[0]!);
    for (const unpackWeights of [false, true]) {
      await using gate = await randomGate({ type: "Q4_0" }, { unpackWeights });
      expect((await gate.judge(query, passages[0]!)).margin).toBeCloseTo(margin, 0);
    }
  });

  it("takes the reference engine when asked to, and the kernels that QRAG_CPU names", async () => {
    await using reference = await randomGate({}, { engine: "reference" });
    expect(reference.info).toMatchObject({
      engine: "reference",
      device: addon().version().instructionSet,
    });
    const { margin } = await reference.judge(query, passages[0]!);
    const before = process.env.QRAG_CPU;
    try {
      for (const kernels of addon().kernels()) {
        process.env.QRAG_CPU = kernels;
        await using gate = await randomGate();
        expect(gate.info).toMatchObject({ engine: "fast", device: kernels });
        // The fast graph's 8 bits cost a few hundredths of a logit on such a small model.
        expect((await gate.judge(query, passages[0]!)).margin).toBeCloseTo(margin, 0);
      }
      process.env.QRAG_CPU = "mmx";
      await expect(randomGate()).rejects.toMatchObject({ code: "INPUT_INVALID" });
    } finally {
      if (before === undefined) delete process.env.QRAG_CPU;
      else process.env.QRAG_CPU = before;
    }
  });

  it("gives a passage the same margin alone and among others", async () => {
    await using gate = await randomGate();
    const together = await gate.judgeAll(query, passages);
    expect(new Set(together.map(({ margin }) => margin)).size).toBeGreaterThan(40);
    expect(new Set(together.map(({ relevant }) => relevant)).size).toBe(2);
    for (const index of [0, 7, 49]) {
      const alone = await gate.judge(query, passages[index]!);
      expect(alone.margin).toBeCloseTo(together[index]!.margin, 4);
    }
    const ranked = await gate.rank(query, passages, { topK: 1 });
    expect(ranked[0]?.verdict.margin).toBeCloseTo(
      Math.max(...together.map(({ margin }) => margin)),
      4,
    );
  });

  it("answers 1,000 concurrent calls, and as it answers one list", async () => {
    await using gate = await randomGate();
    const many = Array.from({ length: 1000 }, (_, n) => `${passages[n % 50]} ${n}`);
    const scores = await Promise.all(many.map((passage) => gate.score(query, passage)));
    expect(scores).toHaveLength(1000);
    const verdicts = await gate.judgeAll(query, many.slice(0, 200));
    // Where the margin is within rounding of 0, another batch may round it to the other side.
    const clear = verdicts.flatMap(({ margin }, n) => (Math.abs(margin) > 1e-3 ? [n] : []));
    expect(clear.length).toBeGreaterThan(180);
    expect(clear.map((n) => scores[n])).toEqual(clear.map((n) => (verdicts[n]!.relevant ? 1 : 0)));
  });

  it("judges a long passage in windows, and an empty one at all", async () => {
    await using gate = await randomGate({ contextLength: 128 });
    const long = await gate.judge(query, passages.join(" "));
    expect(long.windows).toBeGreaterThan(3);
    expect(long.tokens).toBeLessThanOrEqual(long.windows * 128);
    expect(await gate.judge(query, "")).toMatchObject({ windows: 1 });
    expect(await codeOf(gate.judge("word ".repeat(200), "p"))).toBe("INPUT_INVALID");
  });

  it("judges any text a string can hold", async () => {
    await using gate = await randomGate();
    const texts = ["\0", "\ud800", "\u{10ffff}", "\ufdfa", "{passage}{query}$&", " \n\t "];
    for (const { margin } of await gate.judgeAll(texts[3]!, texts))
      expect(margin).toBeTypeOf("number");
  });

  it("evaluates the whole vocabulary where the file allows it", async () => {
    await using tied = await randomGate({}, { engine: "reference" });
    const verdict = await tied.judge(query, "Berlin", { fullVocabulary: true });
    expect(verdict.margin).toBeCloseTo((await tied.judge(query, "Berlin")).margin, 4);
    await using headless = await randomGate({ head: "left out" }, { engine: "reference" });
    expect(headless.info.fullVocabulary).toBe(false);
    await expect(headless.score(query, "p", { fullVocabulary: true })).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("--keep-lm-head"),
    });
  });

  it.skipIf(addon().kernels()[0] === "portable")(
    "evaluates the whole vocabulary with the reference engine only",
    async () => {
      await using fast = await randomGate();
      expect(fast.info.fullVocabulary).toBe(false);
      await expect(fast.score(query, "p", { fullVocabulary: true })).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: expect.stringContaining('engine: "reference"'),
      });
    },
  );

  it("judges alike whichever engine does", async () => {
    await using fast = await randomGate();
    await using reference = await randomGate({}, { engine: "reference" });
    const [a, b] = [
      await fast.judgeAll(query, passages),
      await reference.judgeAll(query, passages),
    ];
    for (const [index, { margin, relevant }] of a.entries()) {
      expect(Math.abs(margin - b[index]!.margin)).toBeLessThan(0.5);
      if (Math.abs(margin) > 0.5) expect(relevant).toBe(b[index]!.relevant);
    }
  });
});

describe("ending early", () => {
  it("rejects what is queued or running when the gate is disposed, at any moment", async () => {
    for (let moment = 0; moment < 20; moment++) {
      const gate = await randomGate();
      const outcomes = Promise.all(passages.map((passage) => codeOf(gate.score(query, passage))));
      for (let turn = 0; turn < moment; turn++) await new Promise(setImmediate);
      await gate.dispose();
      const seen = new Set(await outcomes);
      expect(["fulfilled", "DISPOSED"]).toEqual(expect.arrayContaining([...seen]));
      expect(await codeOf(gate.score(query, "p"))).toBe("DISPOSED");
      await gate.dispose();
    }
  });

  it("aborts one request and goes on with the others", async () => {
    await using gate = await randomGate();
    const controller = new AbortController();
    const reason = new Error("enough");
    const many = Array.from({ length: 2000 }, (_, n) => `${passages[n % 50]} ${n}`);
    const aborted = gate.judgeAll(query, many, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    const other = gate.judgeAll(query, passages);
    await expect(aborted).rejects.toBe(reason);
    expect(await other).toHaveLength(50);
  });
});

it("a model that gives vectors is not a gate", () => {
  const description = {
    architecture: "bert",
    output: { kind: "vector", pooling: "mean", normalize: true },
    frame: { kind: "text", query: "", passage: "" },
  } as ModelDescription;
  expect(() => decisionModel(description)).toThrow(
    expect.objectContaining({
      code: "MODEL_UNSUPPORTED",
      message: "a model of architecture bert is not a gate",
    }),
  );
});
