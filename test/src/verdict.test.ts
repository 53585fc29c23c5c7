import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { marginOf, verdictOf } from "../../src/verdict.ts";

/** The margin of rows with these labels. */
const decide = (logits: Float32Array, labels: readonly ("0" | "1")[]) =>
  marginOf({ kind: "decision", tokenIds: labels.map((_, id) => id), labels })!(logits);

const classify = (names: readonly string[], ...logits: number[]) =>
  marginOf({ kind: "labels", names })!(Float32Array.from(logits));

describe("marginOf", () => {
  it("is the logit of 1 minus the logit of 0", () => {
    expect(decide(Float32Array.of(0.5, 2), ["0", "1"])).toBe(1.5);
    expect(decide(Float32Array.of(0.5, 2), ["1", "0"])).toBe(-1.5);
  });

  it("lets the larger of several rows speak for a digit", () => {
    expect(decide(Float32Array.of(1, -7, 3, 2), ["0", "1", "0", "1"])).toBe(-1);
  });

  it.each([Number.NaN, Infinity, -Infinity])("refuses a logit of %s", (bad) => {
    const judge = () => decide(Float32Array.of(1, bad), ["0", "1"]);
    expect(judge).toThrow(QragError);
    expect(judge).toThrow(/output row 1/);
  });

  it("refuses a missing logit", () => {
    expect(() => decide(Float32Array.of(1), ["0", "1"])).toThrow(QragError);
    expect(() => classify(["0", "1"], 1)).toThrow(QragError);
  });

  it("is a classifier's one logit, or the difference of two", () => {
    expect(classify(["LABEL_0"], -1.5)).toBe(-1.5);
    expect(classify(["0", "1"], 0.5, 2)).toBe(1.5);
    expect(() => classify(["LABEL_0"], Number.NaN)).toThrow(QragError);
  });

  it("is not made of vectors", () => {
    expect(marginOf({ kind: "vector", pooling: "mean", normalize: true })).toBeUndefined();
  });
});

describe("verdictOf", () => {
  it("is relevant if any window is, with the largest margin and all tokens", () => {
    const windows = [
      { relevant: false, margin: -2, tokens: 10, span: { start: 0, end: 40 } },
      { relevant: true, margin: 0.5, tokens: 20, span: { start: 35, end: 80 } },
      { relevant: false, margin: -0.5, tokens: 5, span: { start: 75, end: 90 } },
    ];
    const verdict = verdictOf(windows);
    expect(verdict).toMatchObject({ relevant: true, margin: 0.5, tokens: 35, windows: 3 });
    expect(verdict.probability).toBeCloseTo(0.6225, 4);
  });

  it("says where the best of several windows lies, and of one nothing", () => {
    const first = { relevant: true, margin: 1, tokens: 10, span: { start: 0, end: 40 } };
    const second = { relevant: true, margin: 2, tokens: 10, span: { start: 30, end: 60 } };
    expect(verdictOf([first, second]).span).toEqual({ start: 30, end: 60 });
    expect(verdictOf([second, first]).span).toEqual({ start: 30, end: 60 });
    expect(verdictOf([first])).not.toHaveProperty("span");
  });

  it.each([
    [1000, 1],
    [0, 0.5],
    [-1000, 0],
  ])("keeps the probability of margin %s a number", (margin, probability) => {
    const window = { relevant: margin > 0, margin, tokens: 1, span: { start: 0, end: 1 } };
    expect(verdictOf([window]).probability).toBe(probability);
  });
});
