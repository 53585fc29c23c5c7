// The tokens that answer: found by decoding, whatever their ids and spelling.
import { describe, expect, it } from "vitest";
import { findDecision } from "../../convert/architectures/decision.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { tokenizerJson } from "../fixtures.ts";

function fake(texts: readonly string[]) {
  return {
    vocabularySize: texts.length,
    decodeToken: (id: number) => texts[id] ?? "",
  };
}

describe("findDecision", () => {
  it("takes every token that strips to a digit, as Python strips", () => {
    const texts = [
      "1",
      "a",
      " 0",
      "\n1\x1c",
      "10",
      "\u30001\xa0",
      "",
      "0\x85",
      "\ufeff1",
      "-0",
      "\u0661",
    ];
    expect(findDecision(fake(texts), 11)).toEqual({
      kind: "decision",
      tokenIds: [2, 7, 0, 3, 5],
      labels: ["0", "0", "1", "1", "1"],
    });
  });

  it("finds those of real tokenizers", () => {
    for (const name of ["bytelevel", "llama3", "sentencepiece"] as const) {
      const tokenizer = openTokenizer(tokenizerJson(name));
      const { tokenIds, labels } = findDecision(tokenizer, tokenizer.vocabularySize);
      expect(tokenIds.length).toBeGreaterThanOrEqual(2);
      for (const [row, id] of tokenIds.entries()) {
        expect(tokenizer.decodeToken(id).trim()).toBe(labels[row]);
      }
      tokenizer.dispose();
    }
  });

  it("refuses a vocabulary that cannot answer", () => {
    for (const [texts, digit] of [
      [["0", "a"], "1"],
      [["1"], "0"],
      [[], "0"],
    ] as const) {
      const run = () => findDecision(fake(texts), 10);
      expect(run).toThrow(`decodes to "${digit}"`);
      expect(run).toThrow(expect.objectContaining({ code: "TOKENIZER_UNSUPPORTED" }));
    }
  });

  it("refuses a tokenizer with more ids than the model has rows", () => {
    expect(findDecision(fake(["0", "1"]), 2).tokenIds).toEqual([0, 1]);
    expect(() => findDecision(fake(["0", "1", "2"]), 2)).toThrow(/another model's tokenizer/);
  });
});
