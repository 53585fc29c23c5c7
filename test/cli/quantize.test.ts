import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { Interrupt } from "../../src/cli/run.ts";
import { loadGate } from "../../src/index.ts";
import { modelFile } from "../src/model_file.ts";
import { qrag } from "./harness.ts";

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-quantize-"));
  model = join(folder, "model.gguf");
  await writeFile(model, await modelFile({ head: "kept" }));
});
afterAll(() => rm(folder, { recursive: true }));

const out = (name: string) => join(folder, name);
const header = async (path: string) => readGguf(bytesSource(await readFile(path)));

describe("qrag quantize", () => {
  it("changes the matrices and nothing else", async () => {
    const { exitCode, err } = await qrag(["quantize", model, "-t", "q8_0", "-o", out("q8.gguf")]);
    expect(exitCode).toBe(0);
    expect(err).toMatch(/^TENSOR +TYPE +SHAPE +BYTES +RELATIVE ERROR +MADE OF\n/);
    expect(err).toMatch(
      /^blk\.0\.attn_q\.weight +Q8_0 +64 x 64 +\d+ +[\d.]+e-3 +blk\.0\.attn_q\.weight$/m,
    );
    expect(err).toMatch(/^output_norm\.weight +F32 +64 +256 +0\.0e\+0/m);
    const before = await header(model);
    const after = await header(out("q8.gguf"));
    const kept = new Map(before.metadata);
    expect(after.metadata.get("general.file_type")).toEqual({ type: "u32", value: 7 });
    expect(after.metadata).toEqual(kept.set("general.file_type", { type: "u32", value: 7 }));
    const exact = /norm|cls/;
    for (const [index, { name, type, shape }] of after.tensors.entries()) {
      expect([name, shape]).toEqual([before.tensors[index]!.name, before.tensors[index]!.shape]);
      expect([name, type]).toEqual([name, exact.test(name) ? "F32" : "Q8_0"]);
    }
  });

  it("keeps the verdicts near", async () => {
    await qrag(["quantize", model, "-t", "Q8_0", "-o", out("near.gguf")]);
    const margins = async (path: string) => {
      await using gate = await loadGate(path, { threads: 1 });
      return (await gate.judgeAll("a query", ["one", "two", "three"])).map(({ margin }) => margin);
    };
    const [exact, quantized] = [await margins(model), await margins(out("near.gguf"))];
    for (const [index, margin] of exact.entries()) {
      expect(Math.abs(quantized[index]! - margin)).toBeLessThan(0.2);
      expect(quantized[index]).not.toBe(margin);
    }
  });

  it("reports as JSON", async () => {
    const { out: json } = await qrag([
      "quantize",
      model,
      "-t",
      "f16",
      "-o",
      out("f16.gguf"),
      "--json",
    ]);
    const report = JSON.parse(json);
    expect(report).toMatchObject({ output: out("f16.gguf"), type: "F16" });
    const [embedding] = report.tensors;
    expect(embedding).toMatchObject({
      name: "token_embd.weight",
      type: "F16",
      source: "token_embd.weight",
    });
    expect(embedding.error.relative).toBeLessThan(1e-3);
  });

  it("uses half precision where rows do not fit the blocks", async () => {
    await qrag(["quantize", model, "-t", "q4_k", "-o", out("q4k.gguf")]);
    const types = new Set((await header(out("q4k.gguf"))).tensors.map(({ type }) => type));
    expect(types).toEqual(new Set(["F32", "F16"]));
  });

  it.each([
    ["a type that is none", ["-t", "q9", "-o", "x.gguf"], 2, /expected f32, f16, .* for --type/],
    ["no type", ["-o", "x.gguf"], 2, /--type is missing/],
    ["no output", ["-t", "f16"], 2, /--output is missing/],
  ])("refuses %s", async (_name, args, code, message) => {
    const { exitCode, err } = await qrag(["quantize", model, ...args]);
    expect(exitCode).toBe(code);
    expect(err).toMatch(message);
  });

  it("replaces a file only when told to", async () => {
    await writeFile(out("there"), "precious");
    const args = ["quantize", model, "-t", "f16", "-o", out("there")];
    expect((await qrag(args)).exitCode).toBe(3);
    expect(await readFile(out("there"), "utf8")).toBe("precious");
    expect((await qrag([...args, "--force"])).exitCode).toBe(0);
    expect((await header(out("there"))).tensors.length).toBeGreaterThan(10);
  });

  it("leaves nothing behind when the file is bad or the work is interrupted", async () => {
    const before = await readdir(folder);
    await writeFile(out("bad.gguf"), (await readFile(model)).subarray(0, 5000));
    const bad = await qrag(["quantize", out("bad.gguf"), "-t", "f16", "-o", out("never.gguf")]);
    expect([bad.exitCode, bad.err]).toEqual([3, expect.stringMatching(/bad\.gguf: /)]);
    const signal = AbortSignal.abort(new Interrupt("SIGINT", 130));
    const stopped = await qrag(["quantize", model, "-t", "f16", "-o", out("never.gguf")], {
      signal,
    });
    expect([stopped.exitCode, stopped.err]).toEqual([130, ""]);
    expect(await readdir(folder)).toEqual([...before, "bad.gguf"].sort());
  });
});
