// The parity run's parts: which texts it takes, and what it says of two sets of vectors.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { likeness, ndcg10, type Vectors } from "../../bench/parity/compare.ts";
import { sampleTexts } from "../../bench/parity/texts.ts";

const data = mkdtempSync(join(tmpdir(), "qrag-parity-test-"));

beforeAll(() => {
  const write = (folder: string, name: string, rows: readonly object[]) => {
    mkdirSync(join(data, folder), { recursive: true });
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(join(data, folder, `${name}.jsonl.gz`), gzipSync(text));
  };
  for (const name of ["one", "two"]) {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    write(
      "passages",
      name,
      numbers.map((i) => ({ id: `${name}:${i}`, text: `${name} passage ${i}` })),
    );
    write("pairs", name, [
      ...numbers.map((i) => ({
        query: `${name} question ${i}`,
        positive: `${name}:${i}`,
        kind: "question",
      })),
      { query: "a heading", positive: `${name}:1`, kind: "title" },
      { query: "one whose answer is no passage of the file", positive: "text", kind: "question" },
    ]);
  }
});
afterAll(() => rm(data, { recursive: true }));

describe("the texts", () => {
  it("are questions, their passages and others", () => {
    const { questions, passages, answers } = sampleTexts(data, { questions: 10, passages: 30 });
    expect(questions).toHaveLength(10);
    expect(new Set(passages).size).toBe(30);
    for (const [i, question] of questions.entries()) {
      expect(question.replace("question", "passage")).toBe(passages[answers[i]!]);
    }
  });

  it("are the same in every run, and all where there are no more", () => {
    const wanted = { questions: 10, passages: 30 };
    expect(sampleTexts(data, wanted)).toEqual(sampleTexts(data, wanted));
    const all = sampleTexts(data, { questions: 100, passages: 100 });
    expect([all.questions.length, all.passages.length]).toEqual([40, 40]);
  });
});

describe("two sets of vectors", () => {
  const rows = (...vectors: number[][]) => vectors.map((vector) => Float32Array.from(vector));
  const theirs: Vectors = {
    questions: rows([1, 0], [0, 1]),
    passages: rows([1, 0.1], [0.1, 1], [-1, -1]),
  };

  it("are as alike as their cosines", () => {
    expect(likeness(theirs, theirs).least).toBeCloseTo(1, 6);
    const ours = { ...theirs, questions: rows([2, 0], [1, 1]) };
    const { mean, least } = likeness(ours, theirs);
    expect(least).toBeCloseTo(Math.SQRT1_2, 6);
    expect(mean).toBeCloseTo((4 + Math.SQRT1_2) / 5, 6);
  });

  it("rank by cosine, and gain by the place of the one passage that counts", () => {
    expect(ndcg10(theirs, [0, 1])).toBe(1);
    expect(ndcg10(theirs, [1, 1])).toBeCloseTo((1 / Math.log2(3) + 1) / 2, 6);
  });
});
