import { describe, expect, it } from "vitest";
import { bootstrap, quantile, wilson } from "../../src/eval/intervals.ts";
import { Measurable } from "../../src/eval/measures.ts";

describe("quantile", () => {
  it("interpolates between the values around", () => {
    expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantile([40, 10, 20, 30], share))).toEqual([
      10, 17.5, 25, 37, 40,
    ]);
    expect(quantile([7], 0.975)).toBe(7);
  });
});

describe("wilson", () => {
  it.each([
    // Worked out with the formula's own terms, n = 10 and z^2 = 3.841459.
    [8, 10, 0.4901625, 0.9433178],
    [0, 10, 0, 0.2775328],
    [10, 10, 0.7224672, 1],
  ])("of %i in %i", (part, whole, low, high) => {
    const interval = wilson(part, whole)!;
    expect(interval[0]).toBeCloseTo(low, 6);
    expect(interval[1]).toBeCloseTo(high, 6);
  });

  it("holds the shares that would not make the count a surprise", () => {
    const [low, high] = wilson(30, 200)!;
    for (const share of [low, high]) {
      const deviation = Math.abs(30 - 200 * share) / Math.sqrt(200 * share * (1 - share));
      expect(deviation).toBeCloseTo(1.959964, 5);
    }
  });

  it("of nothing is nothing", () => expect(wilson(0, 0)).toBeNull());
});

describe("bootstrap", () => {
  const rows = (queries: number, rowsEach: number, wrong: (query: number) => boolean) =>
    Array.from({ length: queries * rowsEach }, (_, n) => {
      const query = Math.floor(n / rowsEach);
      const score = wrong(query) ? 1 : -1;
      return {
        query: `q${query}`,
        kind: "negative",
        label: 0 as const,
        score,
        accepted: score > 0,
      };
    });

  it("is as wide as chance makes it", () => {
    const [low, high] = bootstrap(new Measurable(rows(100, 1, (n) => n % 5 === 0))).accuracy!;
    // The binomial's 2.5th and 97.5th percentiles for 100 draws of 0.8 are 72 and 87 right.
    expect(low).toBeGreaterThan(0.7);
    expect(low).toBeLessThan(0.74);
    expect(high).toBeGreaterThan(0.86);
    expect(high).toBeLessThan(0.89);
  });

  it("draws queries, not rows: ten rows that fall together are no ten observations", () => {
    const width = ([low, high]: readonly [number, number]) => high - low;
    const apart = bootstrap(new Measurable(rows(100, 1, (n) => n % 5 === 0))).accuracy!;
    const together = bootstrap(new Measurable(rows(10, 10, (n) => n % 5 === 0))).accuracy!;
    expect(width(together)).toBeGreaterThan(2.5 * width(apart));
  });

  it("is the same every time, and null for what cannot be measured", () => {
    const measurable = new Measurable(rows(20, 2, (n) => n < 3));
    expect(bootstrap(measurable)).toEqual(bootstrap(measurable));
    expect(bootstrap(measurable)).toMatchObject({ recall: null, auc: null, crossDomain: null });
  });
});
