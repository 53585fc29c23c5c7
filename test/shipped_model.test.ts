// The model that the package comes with: the answers its documentation promises, on every engine there is.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../base/package_root.ts";
import { addon } from "../native/loader.ts";
import { cardExamples } from "../src/cli/pairs.ts";
import { readRows } from "../src/eval/rows.ts";
import { loadGate, type Verdict } from "../src/index.ts";
import { shippedGate } from "../src/model/files.ts";
import { lines } from "./eval/lines.ts";

const at = (...path: string[]) => join(packageRoot(), ...path);
const holdout = at("bench", "holdout.jsonl");
const rows = await readRows(lines(readFileSync(holdout, "utf8")), holdout);
const gate = await loadGate();
const reference = await loadGate(undefined, { engine: "reference" });
afterAll(async () => {
  await gate.dispose();
  await reference.dispose();
});

/**
 * The fast engine rounds activations to eight bits: over the test sets margins move by 0.1 on average, one in a hundred
 * by more than 0.5. A verdict this near to the line may turn.
 */
const band = 0.75;

describe("the package's own model", () => {
  it("is small enough to come along, and its card names the file", () => {
    expect(statSync(at(shippedGate.path)).size).toBeLessThan(25e6);
    expect(readFileSync(at("models", "README.md"), "utf8")).toContain(shippedGate.sha256);
  });

  it("is a cross-encoder for English", () => {
    expect(gate.info).toMatchObject({
      architecture: "bert",
      contextLength: 512,
      scripts: ["Latin"],
      languages: ["en"],
      embedder: undefined,
      earlyExit: { blocks: 6, below: -3 },
    });
  });

  it.each(["", ...addon().kernels()])(
    "judges the card's examples, QRAG_CPU=%s",
    async (kernels) => {
      process.env.QRAG_CPU = kernels;
      await using forced = await loadGate();
      delete process.env.QRAG_CPU;
      for (const { query, passage, label } of cardExamples) {
        expect([query, await forced.score(query, passage)]).toEqual([query, label]);
      }
    },
  );

  it("decides as its unquantized arithmetic does, away from the line", async () => {
    // A guess near the exit's own line may be taken by one engine and not by the other.
    const whole = { earlyExit: false };
    await using exactGate = await loadGate(undefined, { ...whole, engine: "reference" });
    await using fast = await loadGate(undefined, whole);
    const differences: number[] = [];
    let compared = 0;
    for (const { query, passage } of [...cardExamples, ...rows]) {
      const exact = await exactGate.judge(query, passage);
      const { margin, relevant } = await fast.judge(query, passage);
      differences.push(Math.abs(margin - exact.margin));
      if (Math.abs(exact.margin) < band) continue;
      expect([query, relevant]).toEqual([query, exact.relevant]);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
    expect(mean).toBeLessThan(0.15);
    expect(Math.max(...differences)).toBeLessThan(band);
  });

  it("has no vocabulary to decide by, on either engine", async () => {
    for (const each of [gate, reference]) {
      const { query, passage } = cardExamples[0]!;
      await expect(each.judge(query, passage, { fullVocabulary: true })).rejects.toMatchObject({
        code: "INPUT_INVALID",
        message: expect.stringMatching(/is for decoders.*classifier/),
      });
    }
  });

  it("refuses what is about something else", async () => {
    for (const { query, passage, kind } of rows) {
      if (kind === "cross-domain")
        expect([query, await gate.score(query, passage)]).toEqual([query, 0]);
    }
  });
});

/** Pairs of test/lists, judged; the figures below leave room of up to two pairs for other processors. */
describe("on the lists written by hand, the package's own model", () => {
  it("tells the capital of Germany from what is not", async () => {
    const query = "What is the capital of Germany?";
    const passages = [
      "Berlin is the capital of Germany.",
      "Paris is the capital of France.",
      "The capital of Germany is not mentioned in this document.",
      query,
    ];
    const verdicts = await gate.judgeAll(query, passages);
    expect(verdicts.map(({ relevant }) => relevant)).toEqual([true, false, false, false]);
  });

  it("keeps answers, and refuses what is near them and the questions themselves", async () => {
    const list = listed<{ query: string; relevant: string; irrelevant: string[] }>("answers");
    let kept = 0;
    let wrong = 0;
    for (const { query, relevant, irrelevant } of list) {
      const [answer, ...others] = await gate.judgeAll(query, [relevant, ...irrelevant, query]);
      kept += Number(answer!.relevant);
      wrong += others.filter((verdict) => verdict.relevant).length;
    }
    expect(kept).toBeGreaterThanOrEqual(answersKept);
    expect(wrong).toBeLessThanOrEqual(wrongKept);
  });

  it("fails closed", async () => {
    const list = listed<{ query: string; passage: string; class: string }>("refused");
    const kept = new Map<string, number>();
    for (const { query, passage, class: kind } of list) {
      const { relevant, probability, reason } = await gate.judge(query, passage);
      if (reason) expect({ relevant, probability }).toEqual({ relevant: false, probability: 0 });
      kept.set(kind, (kept.get(kind) ?? 0) + Number(relevant));
    }
    for (const [kind, count] of kept) {
      expect([kind, count]).toEqual([kind, Math.min(count, refusedKept[kind] ?? 0)]);
    }
  });

  it("judges English with code, tables, formulas and foreign names by its model alone", async () => {
    const list = listed<{ query: string; passage: string; label: number }>("english");
    const verdicts: Verdict[] = [];
    for (const { query, passage } of list) verdicts.push(await gate.judge(query, passage));
    expect(verdicts.filter(({ reason }) => reason !== undefined)).toEqual([]);
    const right = verdicts.filter(({ relevant }, index) => relevant === (list[index]!.label === 1));
    expect(right.length).toBeGreaterThanOrEqual(englishRight);
  });
});

/** Of 50 answers, and of 150 passages that are none. */
const answersKept = 40;
const wrongKept = 5;
/** Of 40 each; of the other classes nothing is kept. */
const refusedKept: Record<string, number> = { absence: 1 };
/** Of 100. */
const englishRight = 87;

function listed<T>(name: string): T[] {
  const text = readFileSync(at("test", "lists", `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
