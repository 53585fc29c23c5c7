// Where -o and its like lead: standard output for "-", and never into what is no file.
import { existsSync } from "node:fs";
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Interrupt } from "../../src/cli/run.ts";
import { encoderPath } from "../fixtures.ts";
import { modelFile } from "../src/model_file.ts";
import { qrag } from "./harness.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-destination-"));
  await writeFile(at("model.gguf"), await modelFile());
  const row = (passage: string, label: number) =>
    JSON.stringify({ query: "capital", passage, label });
  await writeFile(at("rows.jsonl"), `${row("a capital", 1)}\n${row("a river", 0)}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const commands: [string, (output: string) => string[]][] = [
  ["convert", (output) => ["convert", encoderPath("rank"), "-t", "f32", "-o", output]],
  ["quantize", (output) => ["quantize", at("model.gguf"), "-t", "q8_0", "-o", output]],
  ["calibrate", (o) => ["calibrate", "-m", at("model.gguf"), "--rows", at("rows.jsonl"), "-o", o]],
];
/** What is written beside the table. */
const reports: [string, (output: string) => string[]][] = [
  ["eval --report", (output) => ["eval", "--rows", at("rows.jsonl"), "--report", output]],
  ["eval --audit", (output) => ["eval", "--rows", at("rows.jsonl"), "--audit", output]],
];
describe.each([...commands, ...reports])("qrag %s", (name, args) => {
  it.each(["-", "/dev/stdout"])(
    "%s is standard output, and gets what a file would",
    async (path) => {
      const streamed = await qrag(args(path));
      expect(streamed.exitCode).toBe(0);
      if (name === "eval --report") {
        expect(streamed.out).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
      } else if (name === "eval --audit") {
        expect(JSON.parse(streamed.out)).toMatchObject({ rows: [{ label: 1 }, { label: 0 }] });
      } else {
        await qrag(args(at("file")));
        expect(Buffer.compare(streamed.bytes, await readFile(at("file")))).toBe(0);
        await rm(at("file"));
      }
      // What it has to tell does not mix with it.
      expect(streamed.err.length).toBeGreaterThan(100);
      expect(await readdir(folder)).toEqual(["model.gguf", "rows.jsonl"]);
    },
  );

  it("refuses --json beside it, which has the same place", async () => {
    const { exitCode, err, out, loads } = await qrag([...args("-"), "--json"]);
    expect([exitCode, out, loads]).toEqual([2, "", []]);
    const { code, message } = JSON.parse(err).error;
    expect(code).toBe("USAGE");
    expect(message).toMatch(/^--json and --\w+ - both write to standard output\n/);
  });

  it.skipIf(!existsSync("/dev/null"))("leaves a device alone, --force or not", async () => {
    for (const more of [[], ["--force"]]) {
      const { exitCode, err } = await qrag([...args("/dev/null"), ...more]);
      expect(exitCode).toBe(3);
      expect(err).toMatch(/^qrag: \/dev\/null is a device; only files are replaced\n/);
      expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
    }
  });
});

describe.each(commands.slice(0, 2))("qrag %s", (_name, args) => {
  it("shows no model on a terminal", async () => {
    const { exitCode, out, err } = await qrag(args("-"), { terminal: true });
    expect([exitCode, out]).toEqual([2, ""]);
    expect(err).toMatch(/a terminal shows no model: redirect standard output, or name a file/);
  });

  it("ends when it is interrupted", async () => {
    const signal = AbortSignal.abort(new Interrupt("the output was closed", 0));
    expect(await qrag(args("-"), { signal })).toMatchObject({ exitCode: 0, err: "" });
  });
});

it("qrag eval refuses two files for one standard output", async () => {
  const args = ["eval", "--rows", at("rows.jsonl"), "--audit", "-", "--report", "/dev/stdout"];
  const { exitCode, err } = await qrag(args);
  expect(exitCode).toBe(2);
  expect(err).toMatch(/--audit and --report both write to standard output/);
});
