import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadGate } from "../../src/load.ts";
import { Conversions } from "../converted.ts";
import { qrag, type Setting } from "./harness.ts";

// A store's thread first has to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const conversions = new Conversions();
let folder: string;
let model: string;
const at = (name: string) => join(folder, name);
const native: Setting = { loadGate: (path, options) => loadGate(path, { ...options, threads: 1 }) };

const rows = [
  { query: "capital", passage: "the capital of Germany", label: 1, domain: "a", kind: "positive" },
  { query: "capital", passage: "a <b>city</b>", label: 0, domain: "a", kind: "near-miss" },
  { query: "river", passage: "a capital", label: 0, domain: "b", kind: "cross-domain", id: 7 },
  { query: "sea", passage: "the deep sea", label: 0, domain: "b", kind: "near-miss" },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-eval-"));
  model = await conversions.path("llama", { type: "Q8_0" });
  await writeFile(at("rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  await mkdir(at("beir/qrels"), { recursive: true });
  const words = "river lake bank money loan water fish boat interest".split(" ");
  const documents = words.map((word, n) => ({
    _id: `d${n}`,
    text: `${word} ${words[(n + 1) % 9]} ${words[(n + 2) % 9]} common`,
  }));
  const queries = words.slice(0, 3).map((word, n) => ({ _id: `q${n}`, text: `${word} common` }));
  const jsonl = (items: object[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");
  await writeFile(at("beir/corpus.jsonl"), jsonl(documents));
  await writeFile(at("beir/queries.jsonl"), jsonl(queries));
  await writeFile(
    at("beir/qrels/test.tsv"),
    "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\nq2\td2\t1\n",
  );
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await conversions.remove();
});

/** With the made-up gate, which accepts what holds all words of the query. */
const evalJson = async (...args: string[]) => {
  const { exitCode, out, err } = await qrag(["eval", "--json", ...args]);
  expect([exitCode, err]).toEqual([0, ""]);
  return JSON.parse(out);
};

describe("qrag eval", () => {
  it("prints what a gate that can be foreseen gets right and wrong", async () => {
    const found = await evalJson("--rows", at("rows.jsonl"));
    expect(found).toMatchObject({
      accuracy: 3 / 4,
      sameDomain: 2 / 3,
      crossDomain: 1,
      precision: 1 / 2,
      recall: 1,
      refusalRate: 1 / 2,
      byKind: {
        positive: { count: 1, right: 1, accepted: 1, accuracy: 1 },
        "near-miss": { count: 2, right: 1, accepted: 1, accuracy: 1 / 2 },
        "cross-domain": { count: 1, right: 1, accepted: 0, accuracy: 1 },
      },
      byDomain: { a: { count: 2, right: 2 }, b: { count: 2, right: 1 } },
    });
    expect(found.rows.map(({ verdict }: { verdict: number }) => verdict)).toEqual([1, 0, 0, 1]);
    expect(found.rows[2]).toMatchObject({
      ...rows[2],
      set: "rows.jsonl",
      margin: expect.any(Number),
    });
    const [{ systems }] = found.sets;
    expect(
      systems.map(({ name, oracle }: { name: string; oracle: boolean }) => [name, oracle]),
    ).toEqual([
      ["fake.gguf", false],
      ["BM25", true],
      ["always 0", false],
    ]);
    expect(systems[2].measures).toMatchObject({ accuracy: 3 / 4, recall: 0, precision: null });
  });

  it("runs the built-in holdout without being told on what", async () => {
    const found = await evalJson();
    expect(found.sets).toMatchObject([{ name: "holdout", rows: 30, relevant: 6 }]);
    expect(Object.keys(found.byDomain)).toHaveLength(10);
  });

  it("decides by the calibration's offset", async () => {
    const { fakeGate } = await import("../src/fakes.ts");
    const setting = { loadGate: async () => fakeGate({ offset: 1e6 }) };
    const { out, loads } = await qrag(
      ["eval", "--json", "--rows", at("rows.jsonl"), "--calibration", "c.json"],
      setting,
    );
    expect(loads[0]?.[1]).toMatchObject({ calibration: "c.json" });
    expect(JSON.parse(out)).toMatchObject({ recall: 0, models: [{ offset: 1e6 }] });
  });

  it("measures a quantized file beside the F32 one, as each gate judges", async () => {
    const f32 = await conversions.path("llama");
    const args = ["--model", model, "--compare", f32, "--rows", at("rows.jsonl"), "--json"];
    const { out } = await qrag(["eval", ...args], native);
    const { models, sets, rows: judged } = JSON.parse(out);
    expect(models).toMatchObject([
      { path: model, engine: "fast" },
      { path: f32, engine: "reference", weightTypes: ["F32"] },
    ]);
    for (const [index, path] of [model, f32].entries()) {
      const engine = index === 0 ? "fast" : "reference";
      await using gate = await loadGate(path, { threads: 1, engine });
      const verdicts = await Promise.all(rows.map((row) => gate.judge(row.query, row.passage)));
      const system = sets[0].systems[index];
      // ggml's sums depend on what else is in the batch, in the last digits.
      const margins = verdicts.map(({ margin }) => expect.closeTo(margin, 4));
      expect(system.scores).toEqual(margins);
      const right = verdicts.filter(
        ({ relevant }, n) => relevant === (rows[n]!.label === 1),
      ).length;
      expect(system.measures.accuracy).toBe(right / rows.length);
      expect(system.latency.samples).toBe(4);
      if (index === 0) {
        expect(judged.map(({ verdict }: { verdict: number }) => verdict)).toEqual(
          verdicts.map(({ relevant }) => (relevant ? 1 : 0)),
        );
      }
    }
  });

  it("slices a BEIR folder, and ranks its candidates", async () => {
    const found = await evalJson("--beir", at("beir"), "--depth", "5", "--queries", "2");
    expect(found.sets).toMatchObject([{ name: "beir", rows: 10, queries: 2, relevant: 2 }]);
    const [gate, bm25, never] = found.sets[0].systems;
    // The query's first word is in three documents, and BM25 and the made-up gate know no better.
    expect(bm25.ranking).toMatchObject({ queries: 3, recallAtDepth: 1 });
    expect(gate.ranking.ndcg10).toBeGreaterThan(0.5);
    expect(never.ranking).toBeUndefined();
    expect(found.rows[0]).toMatchObject({ queryId: expect.stringMatching(/^q/), kind: "positive" });
  });

  it("searches a BEIR folder in a store", async () => {
    const args = ["--beir", at("beir"), "--retrieve", "store"];
    const [set] = (await evalJson(...args)).sets;
    expect(set.ways).toMatchObject([
      // "common" is everywhere, and the query's first word in three documents.
      { name: "keyword", queries: 3, recall100: 1, refused: { of: 0, share: null } },
      { name: "keyword and fake.gguf", queries: 3, recall100: 1 },
    ]);
    const { out } = await qrag(["eval", ...args, "--report", at("ways.html")]);
    expect(out).toMatch(/^STORE +QUERIES +NDCG@10 +RECALL@100 +REFUSED +MS\/QUERY$/m);
    expect(out).toMatch(/^keyword +3 +0\.\d{4} +100\.0 % +– +\d+\.\d$/m);
    expect(await readFile(at("ways.html"), "utf8")).toContain("keyword and fake.gguf");
  });

  it("prints tables, and what is not on disk", async () => {
    await writeFile(
      at("baselines.json"),
      JSON.stringify({ competitors: [{ name: "absent", kind: "gguf-rank", path: "absent.gguf" }] }),
    );
    const args = ["eval", "--rows", at("rows.jsonl"), "--baselines", at("baselines.json")];
    const { exitCode, out } = await qrag(args);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^rows\.jsonl: 4 rows of 3 queries, 1 relevant$/m);
    expect(out).toMatch(/^fake\.gguf +F32, reference, portable +0\.00 +75\.0 % /m);
    expect(out).toMatch(/^BM25 .* oracle +75\.0 % /m);
    expect(out).toMatch(/^always 0 .* 75\.0 % /m);
    expect(out).toMatch(/^near-miss +1\/2 /m);
    expect(out).toMatch(/^not on disk: absent \(.*absent\.gguf\)$/m);
  });

  it("writes the audit and a page that stands alone", async () => {
    const files = ["--audit", at("audit.json"), "--report", at("page.html")];
    const { out } = await qrag(["eval", "--rows", at("rows.jsonl"), "--json", ...files]);
    expect(await readFile(at("audit.json"), "utf8")).toBe(out);
    const page = await readFile(at("page.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|src=|https?:|@import|url\(/);
    expect(page.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)).toHaveLength(4);
    const wrong = await qrag(["eval", "--rows", at("rows.jsonl"), ...files]);
    expect([wrong.exitCode, wrong.err]).toEqual([3, expect.stringMatching(/exists/)]);
  });

  it("escapes what others wrote", async () => {
    const hostile = {
      query: "capital",
      passage: "<script>capital</script>",
      label: 0,
      kind: '"><i>',
    };
    await writeFile(
      at("hostile.jsonl"),
      `${JSON.stringify(hostile)}\n${JSON.stringify(rows[0])}\n`,
    );
    await qrag(["eval", "--rows", at("hostile.jsonl"), "--report", at("hostile.html")]);
    const page = await readFile(at("hostile.html"), "utf8");
    expect(page).not.toMatch(/<script|<i>/);
    expect(page).toContain("&lt;script&gt;capital&lt;/script&gt;");
  });

  it.each([
    [["--depth", "0"], 2, /whole number above 0 for --depth/],
    [["--rows", "missing.jsonl"], 3, /missing\.jsonl could not be read/],
    [["--baselines", "missing.json"], 3, /missing\.json could not be read/],
    [["--top", "3"], 2, /--top belongs to --folder, which is not given/],
    [["--queries", "3"], 2, /--queries belongs to --beir, which is not given/],
    [["--seed", "3"], 2, /--seed belongs to --beir/],
    [["--holdout", "--depth", "3"], 2, /--depth belongs to --beir/],
    [["extra"], 2, /unexpected argument/],
  ])("refuses %j", async (args, code, message) => {
    const { exitCode, err, loads } = await qrag(["eval", ...args]);
    expect([exitCode, err, loads]).toEqual([code, expect.stringMatching(message), []]);
  });

  it("refuses two sets of one name", async () => {
    const { exitCode, err } = await qrag([
      "eval",
      "--rows",
      at("rows.jsonl"),
      "--rows",
      at("rows.jsonl"),
    ]);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/two sets are called/)]);
  });
});
