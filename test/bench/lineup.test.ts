// The contenders of every suite: names, references and cases fit together, and options choose among them.
import { describe, expect, it } from "vitest";
import { casesOf, suites } from "../../bench/cases.ts";
import { int8For } from "../../bench/files.ts";
import { entries } from "../../bench/lineup/entries.ts";
import type { Entry } from "../../bench/lineup/entry.ts";
import { lineup } from "../../bench/lineup/lineup.ts";

const kernels = ["amx", "avx512-vnni", "avx2", "portable"];
const names = (taking: readonly Entry[]) => taking.map(({ name }) => name);

describe.each(suites)("$name", (suite) => {
  const all = entries(suite, kernels);

  it("has each contender once, and references before those they check", () => {
    expect(new Set(names(all)).size).toBe(all.length);
    for (const [i, { name, reference }] of all.entries()) {
      if (reference !== undefined) expect(names(all.slice(0, i)), name).toContain(reference);
    }
  });

  it("has cases that there are, and a model file for all but those that read none", () => {
    const known = casesOf(suite).map(({ name }) => name);
    for (const { cases, name, file, needs } of all) {
      for (const each of cases) expect(known, name).toContain(each);
      expect(file !== undefined || needs === "torch", name).toBe(true);
    }
    expect(all.find(({ name }) => name === "qrag")!.cases).toEqual(known);
  });

  it("always has qrag and the references of those who take part", () => {
    const { entries: taking } = lineup(all, { quick: false, only: "node-llama-cpp" });
    expect(names(taking)).toEqual(["qrag:reference", "qrag", "node-llama-cpp:q8_0"]);
    expect(taking[0]!.cases).toEqual([]);
  });
});

it("case names tell the suites apart", () => {
  const all = suites.flatMap(casesOf).map(({ name }) => name);
  expect(new Set(all).size).toBe(all.length);
});

it("int8 files keep to half of the range where x86 has no VNNI", () => {
  expect(int8For(["avx512-vnni", "avx2"])).toBe("int8");
  expect(int8For(["amx"])).toBe("int8");
  const without = process.arch === "x64" ? "int8-reduced" : "int8";
  expect(int8For(["avx2", "portable"])).toBe(without);
});
