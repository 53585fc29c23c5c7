import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storedWiring, wiringText } from "../../src/cli/report.ts";
import { loadGate } from "../../src/load.ts";
import { Encoders } from "../encoders.ts";
import { modelFile } from "../src/model_file.ts";
import { qrag, type Setting } from "./harness.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const native: Setting = { loadGate: (path, options) => loadGate(path, { ...options, threads: 1 }) };

const rows = Array.from({ length: 10 }, (_, n) => ({
  query: "q",
  passage: `passage ${n}`,
  label: n % 2,
}));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-verify-"));
  await writeFile(at("tied.gguf"), await modelFile());
  await writeFile(at("headless.gguf"), await modelFile({ head: "left out" }));
  await writeFile(at("rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join("\n"));
  await writeFile(at("rows.json"), JSON.stringify(rows, undefined, 2));
});
afterAll(() => rm(folder, { recursive: true }));

describe("qrag verify", () => {
  it("prints the model, its decision rows, the card's examples and the agreement", async () => {
    const { exitCode, out, err } = await qrag(["verify", at("tied.gguf")], native);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(/^MODEL +random\n/);
    expect(out).toMatch(/^The file does not say how it was wired\.$/m);
    expect(out).toMatch(/^ +\d+ +"1" +1$/m);
    expect(out).toMatch(
      /^capital of Germany +Berlin is the capital of Germany\. +1 +[01] +-?[\d.]+ +(ok|WRONG)$/m,
    );
    expect(out).toMatch(/^how to git commit +The Nile is the longest river\. +0 /m);
    expect(out).toMatch(/^Decision rows and whole vocabulary agree on \d+ of 27 pairs\.\n$/m);
  });

  it.each(["rows.jsonl", "rows.json"])("judges labelled rows from %s", async (name) => {
    const args = ["verify", at("tied.gguf"), "--rows", at(name), "--json"];
    const { out } = await qrag(args, native);
    const found = JSON.parse(out);
    expect(found).toMatchObject({ rows: { count: 10 }, agreement: { pairs: 37 } });
    await using gate = await loadGate(at("tied.gguf"), { threads: 1 });
    const verdicts = await gate.judgeAll(
      "q",
      rows.map(({ passage }) => passage),
    );
    const right = verdicts.filter(({ relevant }, n) => relevant === (n % 2 === 1)).length;
    expect(found.rows.right).toBe(right);
  });

  it("says that a file without its head cannot be compared", async () => {
    const { out } = await qrag(["verify", at("headless.gguf"), "--rows", at("rows.json")], native);
    expect(out).toMatch(
      /cannot be compared: .* Convert with --keep-lm-head\.\nLabelled rows: \d of 10 right \(\d+\.0 %\)\.\n$/,
    );
  });

  it("tells by its exit code when an example is wrong", async () => {
    const { out } = await qrag(["verify", at("tied.gguf"), "--json"], native);
    const { examples, agreement } = JSON.parse(out);
    const holds =
      examples.every(({ answer, label }: Record<string, number>) => answer === label) &&
      agreement.agreed === agreement.pairs;
    const { exitCode } = await qrag(["verify", at("tied.gguf"), "--exit-code"], native);
    expect(exitCode).toBe(holds ? 0 : 1);
  });

  it("refuses rows that are none before it loads anything", async () => {
    await writeFile(at("bad.jsonl"), `${JSON.stringify(rows[0])}\n{"query": 1}\n`);
    const { exitCode, err, loads } = await qrag([
      "verify",
      at("tied.gguf"),
      "--rows",
      at("bad.jsonl"),
    ]);
    expect([exitCode, loads]).toEqual([3, []]);
    expect(err).toMatch(/^qrag: .*bad\.jsonl: line 2 is no labelled row/);
  });
});

describe("qrag verify, of an encoder,", () => {
  const encoders = new Encoders();
  afterAll(() => encoders.remove());

  it("prints what gives vectors, and whether its engines agree", async () => {
    const path = await encoders.path("cls", { scripts: ["Latin"] });
    const { exitCode, out, err } = await qrag(["verify", path], native);
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(/^architecture +bert\ngives +vectors: cls pooling, normalized$/m);
    expect(out).toMatch(
      /^query text +"Find what answers this: "\npassage text +""\nscripts +Latin$/m,
    );
    expect(out).toMatch(/^capital of Germany +Berlin is the capital of Germany\. +1 +-?[\d.]+$/m);
    expect(out).toMatch(/^Of 12 built-in queries \d+ are nearer to their answer/m);
    expect(out).toMatch(/^The fast engine's vectors have a cosine of at least 0\.9\d+ with/m);
    const rowsToo = await qrag(["verify", path, "--rows", at("rows.json")], native);
    expect([rowsToo.exitCode, rowsToo.err]).toEqual([2, expect.stringMatching(/gives vectors/)]);
  });

  it("counts what a classifier gets right", async () => {
    const path = await encoders.path("labels");
    const args = ["verify", path, "--rows", at("rows.json"), "--json"];
    const { exitCode, out } = await qrag(args, native);
    expect(exitCode).toBe(0);
    const found = JSON.parse(out);
    expect(found).toMatchObject({
      model: { architecture: "bert", output: { names: ["irrelevant", "relevant"] } },
      rows: { count: 10 },
    });
    expect(found.engines.largestDifference).toBeLessThan(0.5);
    const { exitCode: judged } = await qrag(["verify", path, "--exit-code"], native);
    expect(judged).toBe(found.queries.right === found.queries.count ? 0 : 1);
  });
});

describe("the stored report", () => {
  const proof = {
    wiring: { rope: "half", gateUp: "gate-first", normEpsilon: 1e-5, ropeBase: 10_000 },
    table: [
      {
        wiring: { rope: "half", gateUp: "gate-first", normEpsilon: 1e-5, ropeBase: 10_000 },
        surprise: 3.25,
        accuracy: 0.9,
      },
    ],
    settledBy: {
      rope: "measured",
      gateUp: "tensor names",
      normEpsilon: "norm_eps",
      ropeBase: "--rope-base",
    },
    warnings: ["a\u001b[2Jwarning"],
  };
  const stored = (value: string) => storedWiring(value);

  it("is shown as tables", () => {
    const text = wiringText(stored(JSON.stringify({ wiring: proof }))!);
    expect(text).toMatch(
      /^ROPE +GATE\/UP +NORM EPSILON +ROPE BASE +SURPRISE +ACCURACY\nhalf +gate-first +0\.00001 +10000 +3\.2500 +0\.900\n/,
    );
    expect(text).toMatch(/^gateUp +gate-first +tensor names$/m);
    expect(text).toMatch(/^warning: a\\u\{1b\}\[2Jwarning$/m);
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"wiring": null}',
    '{"wiring": {"table": [{}]}}',
    '{"wiring": {"table": 1}}',
  ])("counts as absent when it cannot be shown: %s", (text) => {
    expect(stored(text)).toBeUndefined();
  });
});
