// Mining end to end on a small store: which passages become triples, and what is told of them.
import { describe, expect, it } from "vitest";
import { sides } from "../../src/mine/candidates.ts";
import { type MinedTriple, type MiningSettings, mine } from "../../src/mine/mine.ts";
import type { MiningQuestion } from "../../src/mine/questions.ts";
import type { StoreDocument } from "../../src/store/documents.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";
import { byMeaning, byWords, documents, gate, Meanings, question } from "./machines.ts";

const { path, embedder } = folder();
const models = { embedder: "e".repeat(64), gate: "f".repeat(64) };
const settings: MiningSettings = { minMargin: 1, negatives: 4, seed: 1, models };

interface Asking {
  readonly texts?: readonly StoreDocument[];
  readonly questions?: readonly MiningQuestion[];
  readonly more?: Partial<MiningSettings>;
  readonly offset?: number;
}

async function mined({ texts = documents(), questions, more, offset }: Asking = {}) {
  await using store = await openHere(path(), { embedder: new Meanings(embedder()) });
  await store.add(texts);
  const triples: MinedTriple[] = [];
  const asked = questions ?? [{ text: question, line: 7, positives: [] }];
  const found = await mine(
    { store, gate: gate(offset) },
    asked,
    { ...settings, ...more },
    async (triple) => {
      triples.push(triple);
    },
  );
  return { triples, found };
}

const negativesOf = (triples: readonly MinedTriple[]) =>
  triples.map(({ audit }) => audit.negative.id);

describe("mining", () => {
  it("pairs the gate's best with what one side alone finds, of both sides in turn", async () => {
    const { triples, found } = await mined();
    expect(found).toEqual({
      questions: 1,
      withTriples: 1,
      triples: 4,
      judged: 19,
      lacks: { "label not found": 0, "no positive": 0, "no negative": 0, "too long": 0 },
    });
    expect(triples.map(({ query, positive }) => [query, positive])).toEqual(
      Array(4).fill([question, "descale machine vinegar"]),
    );
    expect(triples.map(({ audit }) => audit.negative.id.replace(/-.*/, ""))).toEqual([
      "meaning",
      "words",
      "meaning",
      "words",
    ]);
    expect(new Set(negativesOf(triples)).size).toBe(4);
  });

  it("says all that it takes to check a triple", async () => {
    const { triples } = await mined({ more: { negatives: 2 } });
    const [byVectors, byKeywords] = triples;
    const { positive, negative, ...rest } = byVectors!.audit;
    expect(positive).toMatchObject({
      ...{ id: "both", path: "care/both.txt", headings: [], line: 1, start: 0, end: 23 },
      ...{ ranks: { vectors: 1, keywords: 1 }, judge: "gate", margin: 3 },
    });
    expect(positive.similarity).toBeGreaterThan(0.8);
    expect(negative).toMatchObject({ path: null, judge: "gate", margin: -2 });
    expect(negative.ranks).toEqual({ vectors: 2, keywords: null });
    expect(byVectors!.negative.slice(negative.start, negative.end)).toBe(byVectors!.negative);
    expect(byKeywords!.audit.negative.ranks).toEqual({ vectors: null, keywords: 2 });
    expect(rest).toEqual({
      question: { from: "file", line: 7 },
      models,
      settings: { minMargin: 1, negatives: 2, seed: 1, depth: 10, weights: sides, offset: 0 },
    });
  });

  it("leaves out what the gate is not sure of, from its own line", async () => {
    const unsure = [
      { id: "both", text: "descale machine vinegar" },
      ...Array.from({ length: 12 }, (_, index) => byMeaning(index, "perhaps")),
      ...Array.from({ length: 12 }, (_, index) => byWords(index)),
    ];
    const ids = (all: readonly MinedTriple[]) =>
      new Set(negativesOf(all).map((id) => id.replace(/-.*/, "")));
    expect(ids((await mined({ texts: unsure })).triples)).toEqual(new Set(["words"]));
    const strict = await mined({ texts: unsure, more: { minMargin: 2.5 } });
    expect(strict.found.lacks["no negative"]).toBe(1);
    // With a calibration the line is elsewhere: 0.5 is now clearly below it, and 3 not clearly above.
    const moved = await mined({ texts: unsure, offset: 1.6 });
    expect(ids(moved.triples)).toEqual(new Set(["words", "meaning"]));
    expect(moved.triples[0]!.audit.positive.margin).toBeCloseTo(3);
    expect((await mined({ offset: 2.5 })).found.lacks["no positive"]).toBe(1);
  });

  it("takes a label's word, and none of a labelled document for wrong", async () => {
    const ask = (positives: readonly string[]) =>
      mined({ questions: [{ text: question, line: 1, positives }], more: { negatives: 100 } });
    const byId = await ask(["meaning-3"]);
    expect(byId.triples[0]!.audit.positive).toMatchObject({ id: "meaning-3", judge: "label" });
    expect(byId.triples[0]!.audit.positive.margin).toBe(-2);
    expect(negativesOf(byId.triples)).not.toContain("meaning-3");
    const byText = await ask([" purge  boiler zzzz "]);
    expect(byText.triples[0]!.audit.positive.id).toBe("meaning-3");
    // Found by neither side: it is looked up.
    const far = await mined({
      texts: [...documents(), { id: "far", text: "Lime is what hardness leaves behind." }],
      questions: [{ text: question, line: 1, positives: ["hardness leaves"] }],
    });
    expect(far.triples[0]!.audit.positive).toMatchObject({
      id: "far",
      ranks: { vectors: null, keywords: null },
    });
    const absent = await ask(["of no passage"]);
    expect(absent.found).toMatchObject({ triples: 0, lacks: { "label not found": 1 } });
  });

  it("cuts a made question out of its passage before it is judged", async () => {
    const passage = {
      ...{ id: "both", path: "care/both.txt", metadata: {}, headings: [], line: 1 },
      ...{ text: "descale machine vinegar", start: 0, end: 23 },
    };
    const ask = (text: string) => ({
      text: question,
      positives: [],
      made: { from: "sentence" as const, passage, text, cut: question },
    });
    const { triples } = await mined({ questions: [ask("vinegar")] });
    expect(triples[0]).toMatchObject({
      positive: "vinegar",
      audit: {
        question: { from: "sentence", cut: question },
        positive: { id: "both", judge: "passage", ranks: { vectors: 1, keywords: 1 } },
      },
    });
    // Without its sentence the passage answers no more.
    const { found } = await mined({ questions: [ask("the rest")] });
    expect(found).toMatchObject({ triples: 0, lacks: { "no positive": 1 } });
  });

  it("goes on behind a question that is too long for the gate, and stops when it is told to", async () => {
    const long = { text: "why ".repeat(2000).trim(), line: 1, positives: [] };
    const both = [long, { text: question, line: 2, positives: [] }];
    const { found } = await mined({ questions: both });
    expect(found).toMatchObject({ questions: 2, withTriples: 1, lacks: { "too long": 1 } });
    const stop = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      seen.push(done, total);
      stop.abort(reason);
    };
    const work = mined({ questions: both, more: { signal: stop.signal, onProgress } });
    await expect(work).rejects.toBe(reason);
    expect(seen).toEqual([1, 2]);
  });
});
