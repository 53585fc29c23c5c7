import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Interrupt } from "../../src/cli/run.ts";
import { qrag } from "./harness.ts";

const jsonLines = `{"text":"the capital of Germany","id": 1,"score":1.0}\r
{"text":"a river"}

"Paris is a capital"
{"text":"capital\\u0020letters","nested":{"a":[1,  2]}}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-filter-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("qrag filter", () => {
  it("prints the relevant lines byte for byte", async () => {
    const { exitCode, out, err } = await qrag(["filter", "-q", "capital"], { stdin: jsonLines });
    expect([exitCode, err]).toEqual([0, ""]);
    const lines = jsonLines.split("\n");
    expect(out).toBe([lines[0], lines[3], lines[4]].join("\n"));
  });

  it("reads a file of plain text", async () => {
    const file = join(folder, "passages.txt");
    await writeFile(file, "first capital\n\nno\nlast capital\n");
    const { out } = await qrag(["filter", "--query", "capital", file]);
    expect(out).toBe("first capital\nlast capital\n");
  });

  it("reads a JSON array, and prints the relevant elements as JSON lines", async () => {
    const all = [{ text: "a capital", score: 1.5 }, { passage: "a river" }, "the capital"];
    for (const indent of [undefined, 2]) {
      const file = join(folder, "passages.json");
      await writeFile(file, JSON.stringify(all, undefined, indent).replace("1.5", "1.50"));
      const { exitCode, out, err } = await qrag(["filter", "--query", "capital", file]);
      expect([exitCode, err]).toEqual([0, ""]);
      expect(out).toBe('{"text":"a capital","score":1.50}\n"the capital"\n');
    }
    const { out } = await qrag(["filter", "-q", "capital", "--json"], {
      stdin: JSON.stringify(all),
    });
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ line, passage }) => [line, passage])).toEqual([
      [1, all[0]],
      [3, all[2]],
    ]);
  });

  it("names the element that is bad, after those before it", async () => {
    const stdin = '[\n  "a capital",\n  {"title": "capital"}\n]';
    const { exitCode, out, err } = await qrag(["filter", "-q", "capital"], { stdin });
    expect([exitCode, out]).toEqual([3, '"a capital"\n']);
    expect(err).toMatch(/^qrag: Element 2 of the array \(line 3\) is neither a string nor/);
  });

  it("stops after enough of an array that stays open", async () => {
    const stdin = new PassThrough();
    stdin.write('["a capital", "another capital", "the third capi');
    const args = ["filter", "-q", "capital", "--stop-after", "2"];
    const { exitCode, out } = await qrag(args, { stdin });
    expect([exitCode, out]).toEqual([0, '"a capital"\n"another capital"\n']);
  });

  it("prints verdicts with --json", async () => {
    const { out } = await qrag(["filter", "-q", "capital", "--json", "-"], { stdin: jsonLines });
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ line }) => line)).toEqual([1, 4, 5]);
    expect(rows[0]).toMatchObject({
      passage: { text: "the capital of Germany", id: 1 },
      relevant: true,
      windows: 1,
    });
    expect(rows[1].passage).toBe("Paris is a capital");
  });

  it("stops after enough, though its input stays open", async () => {
    const stdin = new PassThrough();
    stdin.write("a capital\n".repeat(3));
    const { exitCode, out } = await qrag(["filter", "-q", "capital", "--stop-after", "2"], {
      stdin,
    });
    expect([exitCode, out]).toEqual([0, "a capital\na capital\n"]);
  });

  it("prints a line as soon as it is judged", async () => {
    const stdin = new PassThrough();
    const controller = new AbortController();
    stdin.write("a capital\n");
    const work = qrag(["filter", "-q", "capital"], { stdin, signal: controller.signal });
    setTimeout(() => controller.abort(new Interrupt("stop", 130)), 50);
    expect(await work).toMatchObject({ exitCode: 130, out: "a capital\n", err: "" });
  });

  it("judges many lines in shared batches", async () => {
    const { out, model } = await qrag(["filter", "-q", "capital"], {
      stdin: "a capital\n".repeat(500),
    });
    expect(out).toBe("a capital\n".repeat(500));
    expect(model.batches.length).toBeLessThan(100);
  });

  it("names the line that is bad, after those before it", async () => {
    const stdin = '{"text":"a capital"}\n{"text":"another capital"\n{"text":"capital"}\n';
    const { exitCode, out, err } = await qrag(["filter", "-q", "capital"], { stdin });
    expect([exitCode, out]).toEqual([3, '{"text":"a capital"}\n']);
    expect(err).toMatch(/^qrag: Line 2 is not JSON/);
  });

  it.each([
    ["a file that is not there", "missing.txt"],
    ["a folder", "."],
  ])("refuses %s", async (_name, file) => {
    const { exitCode, err } = await qrag(["filter", "-q", "capital", join(folder, file)]);
    expect(exitCode).toBe(3);
    expect(err).toMatch(/could not be read/);
  });

  it("tells by its exit code when nothing is relevant", async () => {
    const args = ["filter", "-q", "capital", "--exit-code"];
    expect((await qrag(args, { stdin: "no\nnone\n" })).exitCode).toBe(1);
    expect((await qrag(args, { stdin: "a capital\n" })).exitCode).toBe(0);
    expect((await qrag(args, { stdin: "" })).exitCode).toBe(1);
  });
});
