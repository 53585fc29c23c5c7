import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { marginOf, verdictOf } from "../../src/verdict.ts";

describe("marginOf", () => {
  it("is the logit of 1 minus the logit of 0", () => {
    expect(marginOf(Float32Array.of(0.5, 2), ["0", "1"])).toBe(1.5);
    expect(marginOf(Float32Array.of(0.5, 2), ["1", "0"])).toBe(-1.5);
  });

  it("lets the larger of several rows speak for a digit", () => {
    expect(marginOf(Float32Array.of(1, -7, 3, 2), ["0", "1", "0", "1"])).toBe(-1);
  });

  it.each([Number.NaN, Infinity, -Infinity])("refuses a logit of %s", (bad) => {
    const judge = () => marginOf(Float32Array.of(1, bad), ["0", "1"]);
    expect(judge).toThrow(QragError);
    expect(judge).toThrow(/decision row 1/);
  });

  it("refuses a missing logit", () => {
    expect(() => marginOf(Float32Array.of(1), ["0", "1"])).toThrow(QragError);
  });
});

describe("verdictOf", () => {
  it("is relevant if any window is, with the largest margin and all tokens", () => {
    const windows = [
      { relevant: false, margin: -2, tokens: 10 },
      { relevant: true, margin: 0.5, tokens: 20 },
      { relevant: false, margin: -0.5, tokens: 5 },
    ];
    const verdict = verdictOf(windows);
    expect(verdict).toMatchObject({ relevant: true, margin: 0.5, tokens: 35, windows: 3 });
    expect(verdict.probability).toBeCloseTo(0.6225, 4);
  });

  it.each([
    [1000, 1],
    [0, 0.5],
    [-1000, 0],
  ])("keeps the probability of margin %s a number", (margin, probability) => {
    const window = { relevant: margin > 0, margin, tokens: 1 };
    expect(verdictOf([window]).probability).toBe(probability);
  });
});
