// The folders with questions and the hand-written lists: answers that stand where they should, counts, and forms.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";

const read = (...path: string[]) => readFileSync(join(packageRoot(), ...path), "utf8");

function rows<T>(...path: string[]): T[] {
  return read(...path)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

const collapsed = (text: string) => text.replace(/\s+/g, " ");

function counts(names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}

function pagesOf(folder: string): string[][] {
  const path = ["bench", "folders", folder];
  return readdirSync(join(packageRoot(), ...path)).map((name) => [...path, name]);
}

const folders: Record<string, string[][]> = {
  "open-source-guides": pagesOf("open-source-guides"),
  "listening-to-music": pagesOf("listening-to-music"),
  "qrag-docs": [
    ["README.md"],
    ["HACKING.md"],
    ["bench", "README.md"],
    ["models", "README.md"],
    ["train", "README.md"],
  ],
};

describe.each(Object.entries(folders))("bench/folders/%s.jsonl", (name, pages) => {
  const questions = rows<{ q: string; a: string | null }>("bench", "folders", `${name}.jsonl`);
  const text = pages.map((page) => collapsed(read(...page)));

  it("has 40 questions with an answer and 40 without, none twice", () => {
    const answered = questions.filter(({ a }) => a !== null);
    expect([answered.length, questions.length - answered.length]).toEqual([40, 40]);
    expect(new Set(questions.map(({ q }) => q)).size).toBe(80);
    for (const row of questions) expect(Object.keys(row)).toEqual(["q", "a"]);
  });

  it("gives answers that stand in one or two places", () => {
    for (const { q, a } of questions) {
      if (a === null) continue;
      expect(a).toBe(collapsed(a));
      const places = text.reduce((sum, page) => sum + page.split(a).length - 1, 0);
      expect(places, `${q}: ${a}`).toBeGreaterThanOrEqual(1);
      expect(places, `${q}: ${a}`).toBeLessThanOrEqual(2);
    }
  });

  it("has at least sixty passages' worth of text", () => {
    expect(text.join(" ").split(" ").length).toBeGreaterThan(60 * 130);
  });
});

describe("test/lists", () => {
  it("answers.jsonl: fifty questions, each with an answer, something near it, and an absence", () => {
    const list = rows<{ query: string; relevant: string; irrelevant: string[] }>(
      "test",
      "lists",
      "answers.jsonl",
    );
    expect(list.length).toBe(50);
    expect(list[0]).toEqual({
      query: "What is the capital of Germany?",
      relevant: "Berlin is the capital of Germany.",
      irrelevant: [
        "Paris is the capital of France.",
        "The capital of Germany is not mentioned in this document.",
      ],
    });
    for (const { irrelevant } of list) expect(irrelevant.length).toBe(2);
    const passages = list.flatMap(({ relevant, irrelevant }) => [relevant, ...irrelevant]);
    expect(new Set(passages).size).toBe(150);
  });

  it("refused.jsonl: 300 pairs of six classes, over thirty languages among them", () => {
    const list = rows<{ query: string; passage: string; class: string; language?: string }>(
      "test",
      "lists",
      "refused.jsonl",
    );
    expect(counts(list.map((row) => row.class))).toEqual({
      language: 90,
      injection: 50,
      echo: 40,
      absence: 40,
      contents: 40,
      noise: 40,
    });
    expect(new Set(list.map(({ query }) => query)).size).toBe(300);
    for (const { query } of list) expect(query.trim()).not.toBe("");
    const languages = list.flatMap(({ language }) => language ?? []);
    expect(languages.length).toBe(90);
    expect(new Set(languages).size).toBeGreaterThanOrEqual(30);
  });

  it("english.jsonl: a hundred passages of thirteen sorts, half of them answers", () => {
    const list = rows<{ query: string; passage: string; contains: string; label: number }>(
      "test",
      "lists",
      "english.jsonl",
    );
    expect(counts(list.map(({ label }) => `${label}`))).toEqual({ 0: 50, 1: 50 });
    expect(new Set(list.map(({ contains }) => contains)).size).toBe(13);
    expect(new Set(list.map(({ passage }) => passage)).size).toBe(100);
  });
});
