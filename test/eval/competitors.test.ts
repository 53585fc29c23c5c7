import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as llamaPackage from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import type { Competitor } from "../../src/eval/competitor.ts";
import { competitorsIn, onDisk, openCompetitor } from "../../src/eval/competitors.ts";
import type { LlamaPackage } from "../../src/eval/competitors_gguf.ts";
import { pooled } from "../../src/eval/competitors_onnx.ts";
import { importInstalled } from "../../src/eval/installed.ts";
import { embeddingScorer, withPrefixes } from "../../src/eval/vectors.ts";
import { bertFile } from "./bert_file.ts";

const { signal } = new AbortController();
const settings = { threads: 1 };

describe("the config file", () => {
  const entry = { name: "x", kind: "gguf-rank", path: "x.gguf" };
  const parse = (value: unknown) => competitorsIn(JSON.stringify(value), "/some/where.json");

  it("that is committed names the eleven published competitors and where to get them", async () => {
    const path = join(packageRoot(), "bench", "competitors.json");
    const competitors = competitorsIn(await readFile(path, "utf8"), path);
    expect(competitors).toHaveLength(11);
    for (const { name, repository } of competitors)
      expect(repository.endsWith(`/${name}`)).toBe(true);
  });

  it("counts paths from its folder and fills in what is usual", () => {
    expect(parse({ competitors: [entry] })).toEqual([
      {
        ...entry,
        path: "/some/x.gguf",
        repository: "",
        dtype: "fp32",
        pooling: "mean",
        queryPrefix: "",
        passagePrefix: "",
      },
    ]);
    expect(onDisk(parse({ competitors: [entry] })[0]!)).toBe(false);
  });

  it.each([
    [[], /no list "competitors"/],
    [null, /no list "competitors"/],
    [{ competitors: [entry, null] }, /competitor 2 has no "name"/],
    [{ competitors: [{ ...entry, path: 1 }] }, /competitor 1 has no "path"/],
    [{ competitors: [{ ...entry, kind: "magic" }] }, /"kind" other than gguf-rank, /],
    [{ competitors: [{ ...entry, pooling: "max" }] }, /"pooling" other than mean, first/],
  ])("is refused when it is %j", (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });
});

describe("node-llama-cpp's models", () => {
  let folder: string;
  let llama: llamaPackage.Llama;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "qrag-bert-"));
    for (const kind of ["rank", "mean"] as const) {
      await writeFile(join(folder, `${kind}.gguf`), await bertFile(kind));
    }
    llama = await llamaPackage.getLlama({
      gpu: false,
      build: "never",
      progressLogs: false,
      logLevel: llamaPackage.LlamaLogLevel.disabled,
    });
  });
  afterAll(async () => {
    await llama.dispose();
    await rm(folder, { recursive: true });
  });

  const competitor = (kind: Competitor["kind"], name: string): Competitor => ({
    ...{ name, kind, repository: "", path: join(folder, `${name}.gguf`), dtype: "fp32" },
    ...{ pooling: "mean", queryPrefix: "", passagePrefix: "" },
  });
  const query = "capital of germany";
  const passages = ["berlin is the capital of germany", "the nile is a river", "the city"];
  const pairs = passages.map((passage) => ({ query, passage }));

  it("have the types that are used of them", () => {
    const used: LlamaPackage<llamaPackage.LlamaLogLevel> = llamaPackage;
    expect(used.getLlama).toBeTypeOf("function");
  });

  it("rank as the package itself ranks", async () => {
    const scorer = await openCompetitor(competitor("gguf-rank", "rank"), settings);
    const scores = await scorer.score(pairs, signal);
    await scorer.close();
    const model = await llama.loadModel({ modelPath: join(folder, "rank.gguf") });
    const context = await model.createRankingContext({ threads: 1 });
    expect(scores).toEqual(await context.rankAll(query, passages));
    expect(new Set(scores).size).toBe(3);
    await model.dispose();
  });

  it("embed as the package itself embeds, long texts up to the context", async () => {
    const scorer = await openCompetitor(competitor("gguf-embedding", "mean"), settings);
    const scores = await scorer.score(pairs, signal);
    const long = { query, passage: "the nile is a river ".repeat(100) };
    expect(await scorer.score([long], signal)).toEqual([expect.any(Number)]);
    await scorer.close();
    const model = await llama.loadModel({ modelPath: join(folder, "mean.gguf") });
    const context = await model.createEmbeddingContext({ threads: 1 });
    const embedded = await context.getEmbeddingFor(query);
    for (const [index, passage] of passages.entries()) {
      const other = await context.getEmbeddingFor(passage);
      expect(scores[index]).toBeCloseTo(embedded.calculateCosineSimilarity(other), 5);
    }
    await model.dispose();
  });

  it("are refused by name when they cannot be read", async () => {
    await writeFile(join(folder, "broken.gguf"), "no model");
    await expect(openCompetitor(competitor("gguf-rank", "broken"), settings)).rejects.toThrow(
      /broken/,
    );
  });
});

describe("embedders", () => {
  it("read each text once, with its prefix, and are compared by the cosine", async () => {
    const asked: string[][] = [];
    const embed = withPrefixes({ queryPrefix: "q: ", passagePrefix: "p: " }, async (texts) => {
      asked.push([...texts]);
      return texts.map((text) => (text === "p: b" ? [0, 5] : [3, 4]));
    });
    const scorer = embeddingScorer(embed, async () => {});
    const ask = (query: string, passage: string) => ({ query, passage });
    const scores = await scorer.score([ask("a", "a"), ask("a", "b")], signal);
    expect(scores[0]).toBeCloseTo(1, 12);
    expect(scores[1]).toBeCloseTo(4 / 5, 12);
    expect(await scorer.score([ask("a", "b")], signal)).toEqual([scores[1]]);
    expect(asked.flat()).toEqual(["q: a", "p: a", "p: b"]);
  });

  it("make one vector of many: the mean of what is no padding, or the first", () => {
    const states = { data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], dims: [2, 3, 2] };
    const mask = { data: [1, 1, 1, 1, 1, 0], dims: [2, 3] };
    // Sums: the scale of a vector does not change its cosine.
    expect(pooled(states, mask, "mean")).toEqual([
      [9, 12],
      [16, 18],
    ]);
    expect(pooled(states, mask, "first")).toEqual([
      [1, 2],
      [7, 8],
    ]);
  });
});

describe("importInstalled", () => {
  it("finds a package beside the command, and says which one is missing", async () => {
    expect(await importInstalled("node-llama-cpp")).toHaveProperty("getLlama");
    await expect(importInstalled("@qrag/never-published")).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringMatching(/npm install @qrag\/never-published/),
    });
  });
});
