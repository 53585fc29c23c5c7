import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadGate } from "../../src/load.ts";
import { modelFile } from "../src/model_file.ts";
import { qrag, type Setting } from "./harness.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const native: Setting = { loadGate: (path, options) => loadGate(path, { ...options, threads: 1 }) };

/** Labels that the model's own margins explain, but for every seventh: a gate that is better than chance. */
async function writeRows(): Promise<void> {
  await using gate = await loadGate(at("model.gguf"), { threads: 1 });
  const rows = Array.from({ length: 60 }, (_, n) => ({
    query: `q${n % 20}`,
    passage: `passage ${n}`,
  }));
  const margins = await Promise.all(
    rows.map(async ({ query, passage }) => (await gate.judge(query, passage)).margin),
  );
  const middle = [...margins].sort((a, b) => a - b)[40]!;
  const labelled = rows.map((row, n) => {
    const above = margins[n]! > middle;
    return { ...row, label: (n % 7 === 0 ? !above : above) ? 1 : 0 };
  });
  await writeFile(at("rows.jsonl"), labelled.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-calibrate-"));
  await writeFile(at("model.gguf"), await modelFile());
  await writeRows();
});
afterAll(() => rm(folder, { recursive: true }));

const calibrate = (...args: string[]) =>
  qrag(["calibrate", "-m", at("model.gguf"), "--rows", at("rows.jsonl"), ...args], native);

describe("qrag calibrate", () => {
  it("reports the errors, and writes a file that score, filter and rank take", async () => {
    const { exitCode, out, err } = await calibrate("--precision", "0.7");
    expect([exitCode, err]).toEqual([0, ""]);
    expect(out).toMatch(/^60 rows of 20 queries, \d+ relevant\n/);
    expect(out).toMatch(/^as it is +0 +\d+ /m);
    expect(out).toMatch(/^calibrated +-?[\d.]+ +\d+ +[\d.]+ % +[\d.]+–[\d.]+ /m);
    expect(out).toMatch(/do not vouch for 70\.0 %/);
    const file = at("model.gguf.calibration.json");
    const { offset } = JSON.parse(await readFile(file, "utf8"));
    const score = async (...more: string[]) => {
      const args = ["score", "-m", at("model.gguf"), "--json", ...more, "q1", "passage 1"];
      return JSON.parse((await qrag(args, native)).out);
    };
    const plain = await score();
    expect(await score("--calibration", file)).toEqual({
      ...plain,
      relevant: plain.margin > offset,
      score: plain.margin > offset ? 1 : 0,
    });
  });

  it("prints what it writes as JSON", async () => {
    const { out } = await calibrate("--precision", "0.7", "-o", at("other.json"), "--json");
    const { output, ...printed } = JSON.parse(out);
    expect(output).toBe(at("other.json"));
    expect(JSON.parse(await readFile(output, "utf8"))).toEqual(printed);
    expect(printed).toMatchObject({ format: "qrag-calibration", model: "model.gguf", wanted: 0.7 });
    expect(printed.atOffset.precision).toBeGreaterThanOrEqual(0.7);
  });

  it("replaces no file unless told to, and asks before it works", async () => {
    await writeFile(at("taken.json"), "mine");
    const { exitCode, err, loads } = await calibrate("-o", at("taken.json"));
    expect([exitCode, loads]).toEqual([3, []]);
    expect(err).toMatch(/taken\.json exists/);
    expect(await readFile(at("taken.json"), "utf8")).toBe("mine");
    expect(await calibrate("--precision", "0.6", "-o", at("taken.json"), "--force")).toMatchObject({
      exitCode: 0,
    });
  });

  it("writes nothing when the precision cannot be had, or the rows have one label", async () => {
    await writeFile(at("one.jsonl"), '{"query": "q", "passage": "p", "label": 1}\n');
    const before = await readdir(folder);
    const args = ["-m", at("model.gguf"), "-o", at("never.json")];
    const one = await qrag(["calibrate", "--rows", at("one.jsonl"), ...args], native);
    expect([one.exitCode, one.err]).toEqual([3, expect.stringMatching(/All 1 rows are relevant/)]);
    expect(await readdir(folder)).toEqual(before);
  });

  it.each([
    [[], /--rows is missing/],
    [["--rows", "x", "--precision", "2"], /at most 1/],
    [["--rows", "x", "--precision", "no"], /expected a number above 0/],
  ])("refuses %j as wrong usage", async (args, message) => {
    const { exitCode, err } = await qrag([
      "calibrate",
      "-m",
      at("model.gguf"),
      "-o",
      at("u.json"),
      ...args,
    ]);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(message)]);
  });

  it("says that the model is missing", async () => {
    const args = [
      "calibrate",
      "-m",
      at("none.gguf"),
      "--rows",
      at("rows.jsonl"),
      "-o",
      at("u.json"),
    ];
    expect((await qrag(args)).err).toMatch(/could not be opened/);
  });
});
