// A BEIR set in a store: figures that follow from what a made-up embedder and a made-up gate can only say.
import { describe, expect, it, vi } from "vitest";
import {
  judgedRun,
  meansOf,
  searchSet,
  type WayRun,
  wayResult,
} from "../../src/eval/search_set.ts";
import type { SearchTask } from "../../src/eval/sets.ts";
import { FakeModel, fakeGate } from "../src/fakes.ts";
import { folder } from "../store/bag_of_words.ts";

// A store's thread first has to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const { embedder } = folder();
const signal = new AbortController().signal;
const settings = { embedder: undefined, signal, onProgress() {} };

/** Longer than a passage that a store would cut, in paragraphs. */
const long = Array.from({ length: 40 }, (_, n) => `Paragraph ${n} of a long text on bees.`).join(
  "\n\n",
);
const task: SearchTask = {
  texts: ["A river runs to the sea.", long, "A bank lends money.", "The sea is salty."],
  queries: [
    { id: "q0", text: "river", grades: new Map([[0, 1]]) },
    { id: "q1", text: "paragraph 39 bees", grades: new Map([[1, 2]]) },
    {
      id: "q2",
      text: "sea",
      grades: new Map([
        [3, 1],
        [2, 1],
      ]),
    },
  ],
  unanswerable: [
    { id: "q3", text: "moonlight", grades: new Map([[0, 0]]) },
    { id: "q4", text: "money", grades: new Map([[2, 0]]) },
  ],
};

describe("searchSet", () => {
  it("finds documents as they are, by keywords only where there is no embedder", async () => {
    const runs = await searchSet(task, settings);
    expect(runs).toMatchObject([{ name: "keyword", usual: true }]);
    const [run] = runs;
    expect(run!.first.map((hits) => [...hits].sort())).toEqual([[0], [1], [0, 3], [], [2]]);
    expect(run!.deep).toEqual(run!.first);
    expect(run!.ms).toHaveLength(5);
    const result = wayResult(task, run!);
    expect(result).toMatchObject({ queries: 3, refused: { count: 1, of: 2 } });
    // The bank is never found.
    expect(result.recall100).toBeCloseTo((1 + 1 + 1 / 2) / 3, 12);
    expect(result.medianMs).toBeGreaterThan(0);
  });

  it("searches by words, by vectors and by both, each document embedded once", async () => {
    const bag = embedder();
    const runs = await searchSet(task, { ...settings, embedder: bag });
    expect(runs.map(({ name, usual }) => [name, usual])).toEqual([
      ["keyword", false],
      ["vector", false],
      ["hybrid", true],
      ["hybrid with steps", false],
    ]);
    expect(bag.asked.filter((text) => text === long)).toHaveLength(1);
    for (const { first } of runs) expect(first[0]![0]).toBe(0);
  });

  it("is stopped, and leaves nothing", async () => {
    const reason = new Error("enough");
    const stopped = searchSet(task, { ...settings, signal: AbortSignal.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
  });
});

describe("wayResult", () => {
  it("takes nDCG from the first ten and recall from the hundred", () => {
    const run: WayRun = {
      name: "made up",
      usual: true,
      first: [[2, 0], [3], [2, 3], [], []],
      deep: [[2, 0], [3, 1], [2, 3], [1], []],
      ms: [5, 1, 2, 3, 9],
    };
    const result = wayResult(task, run);
    expect(result.ndcg10).toBeCloseTo((1 / Math.log2(3) + 0 + 1) / 3, 12);
    expect(result.recall100).toBe(1);
    expect(result.medianMs).toBe(3);
    expect(result.refused).toMatchObject({ count: 2, of: 2 });
  });
});

describe("meansOf", () => {
  const way = (name: string, ndcg10: number, recall100: number) => ({
    ...wayResult(task, {
      name,
      usual: true,
      first: [[], [], [], [], []],
      deep: [[], [], [], [], []],
      ms: [1],
    }),
    ndcg10,
    recall100,
  });

  it("is of the ways that all searched sets have", () => {
    const sets = [
      [way("keyword", 0.25, 1), way("hybrid", 0.75, 1), way("vector", 1, 1)],
      [],
      [way("hybrid", 0.25, 0.5), way("keyword", 0.75, 0)],
    ];
    expect(meansOf(sets)).toEqual([
      { name: "keyword", ndcg10: 0.5, recall100: 0.5 },
      { name: "hybrid", ndcg10: 0.5, recall100: 0.75 },
    ]);
    expect(meansOf([sets[0]!, []])).toEqual([]);
    expect(meansOf([])).toEqual([]);
  });
});

describe("judgedRun", () => {
  it("keeps what the gate lets through, its best first, and judges nothing twice", async () => {
    // Of the sea is what names it; the salty one more so.
    const model = new FakeModel((prompt) =>
      prompt.includes("salty") ? 3 : prompt.includes("runs") ? 1 : -1,
    );
    // Long enough for one window each.
    const gate = fakeGate({ model, contextLength: 4000 });
    const run: WayRun = {
      name: "hybrid",
      usual: true,
      first: [[0], [1], [0, 3, 2], [2], []],
      deep: [[0, 2], [1], [0, 1, 3], [2], [0]],
      ms: [1, 1, 1, 1, 1],
    };
    const judged = await judgedRun(task, run, gate, { name: "g", signal, onProgress() {} });
    expect(judged).toMatchObject({
      name: "hybrid and g",
      first: [[0], [], [3, 0], [], []],
      deep: [[0], [], [3, 0], [], [0]],
    });
    expect(model.batches.flatMap(({ texts }) => texts)).toHaveLength(6 + 3);
    expect(judged.ms.every((ms) => ms >= 1)).toBe(true);
    expect(wayResult(task, judged).refused).toMatchObject({ count: 2, of: 2 });
  });
});
