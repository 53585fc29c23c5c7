// The rows that come with the package: their form, and that they are nobody's but ours.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { builtInPairs, cardExamples } from "../../src/cli/pairs.ts";
import { readRows } from "../../src/eval/rows.ts";
import { lines } from "./lines.ts";

const path = join(packageRoot(), "bench", "holdout.jsonl");
const rows = await readRows(lines(readFileSync(path, "utf8")), path);

function counts(names: Iterable<string | undefined>): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[`${name}`] = (found[`${name}`] ?? 0) + 1;
  return found;
}

describe("bench/holdout.jsonl", () => {
  it("has the published form: ten domains, twelve rows within one and eighteen across", () => {
    expect(counts(rows.map(({ kind }) => kind))).toEqual({
      positive: 6,
      "near-miss": 6,
      "cross-domain": 18,
    });
    const domains = counts(rows.map(({ domain }) => domain));
    expect(Object.values(domains)).toEqual(new Array(10).fill(3));
    expect(Object.keys(domains)).toEqual(
      expect.arrayContaining(["finance", "code", "general knowledge", "how-to"]),
    );
    for (const { kind, label, rest } of rows) {
      expect([label, rest]).toEqual([kind === "positive" ? 1 : 0, {}]);
    }
  });

  it("holds no passage twice, and nothing that the model is checked on elsewhere", () => {
    expect(new Set(rows.map(({ passage }) => passage)).size).toBe(30);
    const others = [...cardExamples, ...builtInPairs];
    const taken = new Set(others.flatMap(({ query, passage }) => [query, passage]));
    expect(rows.filter(({ query, passage }) => taken.has(query) || taken.has(passage))).toEqual([]);
  });

  it("has passages of one to five sentences", () => {
    const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
    for (const { passage } of rows) {
      const count = [...sentences.segment(passage)].length;
      expect(count, passage).toBeGreaterThanOrEqual(1);
      expect(count, passage).toBeLessThanOrEqual(5);
    }
  });
});
