// What a terminal gets: lines that fit it, a progress line that can be erased, and no colours.

import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { fitHelp, fitReport } from "../../src/cli/layout.ts";
import { progressBar } from "../../src/cli/progress.ts";
import { qrag } from "./harness.ts";

const wordsOf = (text: string) => text.split(/\s+/);
/** A word that is longer than the line may stand out. */
const fits = (text: string, columns: number) =>
  text.split("\n").every((line) => line.length <= columns || !/\S \S/.test(line.trim()));

const commands = ["score", "filter", "rank", "embed", "convert", "quantize", "inspect", "verify"];

describe("help", () => {
  it.each([
    [],
    ...[...commands, "eval", "calibrate", "pull", "cache", "serve", "mcp"].map((name) => [name]),
  ])("of %j fits a narrow terminal, and keeps its words and its examples", async (...command) => {
    const { out: whole } = await qrag([...command, "--help"]);
    for (const columns of [24, 40, 80]) {
      const { out } = await qrag([...command, "--help"], { terminal: true, columns });
      expect(wordsOf(out)).toEqual(wordsOf(whole));
      const [text, examples] = out.split(/^(?=Example)/m) as [string, string];
      expect(fits(text, columns)).toBe(true);
      expect(whole.endsWith(`\n${examples}`)).toBe(true);
    }
    const { out: wide } = await qrag([...command, "--help"], { terminal: true, columns: 200 });
    expect(wide).toBe(whole);
  });

  it("goes into a pipe as it is, and to a terminal that does not tell its width", async () => {
    const { out: whole } = await qrag(["eval", "--help"], { columns: 40 });
    expect(whole).toMatch(/^.{100,}$/m);
    const { out } = await qrag(["eval", "--help"], { terminal: true, columns: 0 });
    expect(out).toBe(whole);
    expect(fitHelp(whole, 5)).toBe(whole);
  });
});

describe("a report", () => {
  it("fits, and keeps its words", () => {
    const report = fc.array(fc.constantFrom("word", "a", " ", "  ", "\n", "x".repeat(30), "é"));
    fc.assert(
      fc.property(report, fc.integer({ min: 20, max: 60 }), (parts, columns) => {
        const text = parts.join("");
        const set = fitReport(text, columns);
        expect(wordsOf(set)).toEqual(wordsOf(text));
        for (const line of set.split("\n")) {
          if (line.trimEnd().length > columns) expect(line.trim()).not.toContain(" ");
        }
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  it("breaks the rows of a table further in", async () => {
    const args = ["inspect", join(packageRoot(), "models", "qrag.gguf")];
    const { out } = await qrag(args, { terminal: true, columns: 40 });
    expect(out).toMatch(/^general\.name\n {4}string +"qrag"$/m);
    // A digest is one word.
    const long = out
      .split("\n")
      .filter((line) => line.length > 60 && !/"[0-9a-f]{64}"$/.test(line));
    expect(long).toEqual([]);
  });

  it("of a mistake fits, too", async () => {
    const { err } = await qrag(["scor"], { terminal: true, columns: 40 });
    expect(err).toMatch(/^qrag: there is no command "scor"; there$/m);
  });
});

describe("the progress line", () => {
  /** The lines drawn in turn, on a terminal of so many columns. */
  function drawn(label: string, columns: number, env = {}): string[] {
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns });
    const bar = progressBar({ stderr, env }, label);
    for (const done of [0, 5, 10]) bar.update({ done, total: 10 });
    bar.clear();
    return String(stderr.read() ?? "").split("\r\u001b[K");
  }

  it("is erased whole: it is shorter than the terminal is wide", () => {
    for (const label of ["loading", "a-model-with-a-long-name.gguf, cosine", "x".repeat(100)]) {
      for (const columns of [12, 20, 40, 80]) {
        const [before, ...lines] = drawn(label, columns);
        expect(before).toBe("");
        expect(lines.at(-2)).toMatch(/ 100 %$/);
        for (const line of lines) expect(line.length).toBeLessThan(columns);
      }
    }
    expect(drawn("loading", 0)[1]).toBe(`loading ${"░".repeat(24)} 0 %`);
    expect(drawn("loading", 40)[2]).toBe(`loading ${"█".repeat(24)} 100 %`);
    expect(drawn("loading", 25)[2]).toBe(`loading ${"█".repeat(10)} 100 %`);
  });

  it("has no place on a terminal that cannot erase it", () => {
    expect(drawn("loading", 80, { TERM: "dumb" })).toEqual([""]);
  });

  it("passes nothing of a name on to the terminal", () => {
    expect(drawn("a\u001b[2Jb", 80).join("")).not.toContain("\u001b");
  });
});

describe("colours", () => {
  it("there are none, with NO_COLOR and without", async () => {
    const asked = [["--help"], ["scor"], ["inspect", join(packageRoot(), "models", "qrag.gguf")]];
    for (const args of asked) {
      const plain = await qrag(args, { terminal: true, env: { FORCE_COLOR: "3" } });
      const none = await qrag(args, { terminal: true, env: { NO_COLOR: "1" } });
      expect([none.out, none.err]).toEqual([plain.out, plain.err]);
      expect(plain.out + plain.err).not.toContain("\u001b");
    }
  });
});
