// Folders with questions: what is retrieved, what a made-up gate makes of it, and the figures that follow.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateFolder } from "../../src/eval/evaluate_folder.ts";
import { folderSet } from "../../src/eval/folder.ts";
import {
  bestThreshold,
  folderMeasures,
  type ScoredQuestion,
} from "../../src/eval/folder_measures.ts";
import { folderReport } from "../../src/eval/folder_report.ts";
import { meanInterval, wilson } from "../../src/eval/intervals.ts";
import type { Question } from "../../src/eval/questions.ts";
import { bm25Scorer, gateScorer } from "../../src/eval/scorer.ts";
import { splitDocument } from "../../src/passages/split.ts";
import { FakeModel, fakeGate } from "../src/fakes.ts";

const settings = { signal: new AbortController().signal, onProgress() {} };

const passages = splitDocument({
  path: "notes.md",
  text: "# Boats\n\nA boat   floats\non water.\n\n# Banks\n\nA bank lends money.\n\n# Fish\n\nFish swim.\n",
});

const ask = (question: string, answer: string | null, line = 1): Question => ({
  line,
  question,
  answer,
});

const questions = [
  ask("boat", "boat floats on  water", 1),
  ask("bank", "lends money", 2),
  ask("boat bank", "nowhere at all", 3),
  ask("water boat", null, 4),
  ask("train", null, 5),
];

const folder = { name: "notes", documents: 1, passages, unreadable: [] };
const set = await folderSet(folder, questions, { top: 2 });

describe("folderSet", () => {
  it("retrieves passages and finds answers in them, whatever their white space", () => {
    const found = set.questions.map(({ retrieved, answered }) => [
      retrieved.map(({ line, holdsAnswer }) => [line, holdsAnswer]),
      answered,
    ]);
    expect(found).toEqual([
      [[[3, true]], true],
      [[[8, true]], true],
      [
        [
          [3, false],
          [8, false],
        ],
        false,
      ],
      [[[3, false]], false],
      [[], false],
    ]);
  });

  it("is reported with the answers that stand nowhere", () => {
    expect(folderReport({ set, systems: [] })).toMatchObject({
      passages: 3,
      top: 2,
      answerable: 3,
      unanswerable: 2,
      retrieved: { count: 2, of: 3, interval: wilson(2, 3) },
      answersNotFound: [3],
    });
  });
});

describe("evaluateFolder", () => {
  it("measures a gate whose answers are known", async () => {
    // Relevant is what speaks of boats.
    const model = new FakeModel((prompt) => (prompt.includes("floats") ? 2 : -3));
    const gate = fakeGate({ model });
    const system = { name: "fake", kind: "gate", detail: "", threshold: 0 } as const;
    const found = await evaluateFolder(
      set,
      { ...system, scorerOf: () => gateScorer(gate) },
      settings,
    );
    expect(found).toMatchObject({
      threshold: 0,
      oracle: false,
      keptRight: { count: 1, of: 2, share: 1 / 2, interval: wilson(1, 2) },
      silent: { count: 1, of: 2 },
      // Of the two one retrieves nothing.
      refused: { count: 1, of: 2 },
      speaks: { count: 1, of: 2 },
      mean: 1 / 2,
      passagesKept: 3 / 5,
      scores: [[2], [-3], [2, -3], [2], []],
    });
    // What it was asked to judge begins with the headings.
    expect(model.batches.flatMap(({ texts }) => texts)).toContain(
      "boat|Boats\nA boat   floats\non water.",
    );
  });

  it("gives a baseline its best threshold", async () => {
    const system = { name: "BM25", kind: "baseline", detail: "", threshold: undefined } as const;
    const found = await evaluateFolder(
      set,
      { ...system, scorerOf: ({ bm25 }) => bm25Scorer(bm25) },
      settings,
    );
    // "water boat" finds more than "boat" does: keeping both answers costs one of two refusals.
    expect(found).toMatchObject({
      oracle: true,
      keptRight: { share: 1 },
      refused: { share: 1 / 2 },
    });
  });
});

const scoredQuestions = fc.array(
  fc
    .record({
      answerable: fc.boolean(),
      passages: fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { maxLength: 3 }),
    })
    .map(
      ({ answerable, passages: list }): ScoredQuestion => ({
        answer: answerable ? "a" : null,
        scores: list.map(([score]) => score),
        retrieved: list.map(([, holds]) => ({ ...passages[0]!, holdsAnswer: answerable && holds })),
      }),
    ),
  { minLength: 1, maxLength: 12 },
);

describe("folderMeasures", () => {
  it("adds up, whatever the scores", () => {
    fc.assert(
      fc.property(scoredQuestions, fc.integer({ min: -4, max: 4 }), (list, threshold) => {
        const { keptRight, silent, refused, speaks, ...rest } = folderMeasures(list, threshold);
        expect(keptRight.of).toBe(silent.of);
        expect(keptRight.count + silent.count).toBeLessThanOrEqual(keptRight.of);
        expect(refused.count + speaks.count).toBe(refused.of);
        const shares = [keptRight.share, refused.share];
        expect(rest.mean).toBe(
          shares.includes(null) ? null : (keptRight.share! + refused.share!) / 2,
        );
        if (rest.meanInterval === null) expect(rest.mean).toBe(null);
        else {
          expect(rest.meanInterval[0]).toBeLessThanOrEqual(rest.mean! + 1e-12);
          expect(rest.meanInterval[1]).toBeGreaterThanOrEqual(rest.mean! - 1e-12);
        }
      }),
    );
  });

  it("has no threshold better than the best", () => {
    const value = (list: readonly ScoredQuestion[], threshold: number) => {
      const { keptRight, refused } = folderMeasures(list, threshold);
      return (keptRight.share ?? 0) + (refused.share ?? 0);
    };
    fc.assert(
      fc.property(scoredQuestions, (list) => {
        const best = value(list, bestThreshold(list));
        for (let threshold = -4; threshold <= 4; threshold += 0.5) {
          expect(best).toBeGreaterThanOrEqual(value(list, threshold) - 1e-12);
        }
      }),
    );
  });
});

describe("meanInterval", () => {
  it("is narrower than either of two equal intervals, and their own where one has no width", () => {
    const share = (count: number, of: number) => ({
      share: of > 0 ? count / of : null,
      interval: wilson(count, of),
    });
    const [low, high] = wilson(30, 40)!;
    const found = meanInterval(share(30, 40), share(30, 40))!;
    expect(found[0]).toBeCloseTo(0.75 - (0.75 - low) / Math.SQRT2, 10);
    expect(found[1]).toBeCloseTo(0.75 + (high - 0.75) / Math.SQRT2, 10);
    const sure = { share: 1, interval: [1, 1] } as const;
    expect(meanInterval(share(30, 40), sure)![0]).toBeCloseTo((low + 1) / 2, 10);
    expect(meanInterval(share(0, 0), share(1, 2))).toBe(null);
  });
});
