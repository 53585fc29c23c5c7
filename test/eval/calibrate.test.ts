import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { type CalibrationResult, calibrate, type ScoredPair } from "../../src/eval/calibrate.ts";
import { refusedScore } from "../../src/eval/cuts.ts";
import { randomNumbers } from "../../src/eval/random.ts";

/** Relevant rows lie two higher than irrelevant ones, both spread over four. */
function overlapping(count: number, seed: number): ScoredPair[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, n) => {
    const label = random() < 0.3 ? 1 : 0;
    return { query: `q${n % Math.ceil(count / 4)}`, label, score: 4 * random() - 3 + 2 * label };
  });
}

const precisionAbove = (rows: readonly ScoredPair[], offset: number) => {
  const accepted = rows.filter(({ score }) => score > offset);
  return accepted.filter(({ label }) => label === 1).length / accepted.length;
};

/** Undefined where the precision cannot be had. */
function calibrated(rows: readonly ScoredPair[], wanted: number): CalibrationResult | undefined {
  try {
    return calibrate(rows, wanted);
  } catch (error) {
    if (error instanceof QragError) return undefined;
    throw error;
  }
}

describe("calibrate", () => {
  const rows = overlapping(2000, 1);

  it("finds the offset that keeps most of what is relevant at the wanted precision", () => {
    const { offset, atOffset, atZero } = calibrate(rows, 0.95);
    expect(atOffset.precision).toBeCloseTo(precisionAbove(rows, offset), 12);
    expect(atOffset.precision).toBeGreaterThanOrEqual(0.95);
    expect(atZero.precision).toBeCloseTo(precisionAbove(rows, 0), 12);
    expect(atZero.precision).toBeLessThan(0.95);
    for (const { score } of rows) {
      // A lower line would keep more, and must be less precise.
      if (
        score < offset &&
        rows.some((row) => row.label === 1 && row.score > score && row.score <= offset)
      ) {
        expect(precisionAbove(rows, score)).toBeLessThan(0.95);
      }
    }
  });

  it("counts the errors at 0", () => {
    const four: ScoredPair[] = [
      { query: "a", label: 1, score: 2 },
      { query: "a", label: 0, score: 1 },
      { query: "b", label: 1, score: -1 },
      { query: "b", label: 0, score: -2 },
      { query: "b", label: 0, score: -3 },
    ];
    const { atZero, atOffset, offset, relevant, queries } = calibrate(four, 1);
    expect(atZero).toMatchObject({
      accepted: 2,
      precision: 0.5,
      recall: 0.5,
      falseAcceptance: 1 / 3,
    });
    expect(atOffset).toMatchObject({ accepted: 1, precision: 1, recall: 0.5, falseAcceptance: 0 });
    expect([offset, relevant, queries]).toEqual([1.5, 2, 2]);
  });

  it("keeps the line among judged rows, and counts the refused ones as refused", () => {
    const judged = [3, 2, 1].map((score) => ({ query: "a", label: 1, score }) as const);
    const refused = ([0, 0, 1] as const).map((label) => ({
      query: "b",
      label,
      score: refusedScore,
    }));
    const { offset, atOffset, rows } = calibrate([...judged, ...refused], 0.9);
    expect([offset, rows]).toEqual([1.5, 6]);
    expect(atOffset).toMatchObject({ accepted: 2, precision: 1, recall: 0.5, falseAcceptance: 0 });
  });

  it("lowers the line where more precision is there than wanted", () => {
    expect(calibrate(rows, 0.5).offset).toBeLessThan(0);
  });

  it("does not vouch for what few rows cannot show", () => {
    expect(calibrate(overlapping(40, 2), 0.95).vouched).toBe(false);
    const sure = overlapping(2000, 3).map((row) => ({ ...row, score: row.label * 2 - 1 }));
    expect(calibrate(sure, 0.95)).toMatchObject({ vouched: true, offset: 0 });
  });

  it("judges by queries that had no say", () => {
    // Scores that say nothing: what looks precise among few rows is luck, and the folds show it.
    const results = Array.from({ length: 40 }, (_, seed) => {
      const random = randomNumbers(seed);
      const noise = Array.from({ length: 50 }, (_, n) => ({
        query: `q${n}`,
        label: n % 3 === 0 ? (1 as const) : (0 as const),
        score: random(),
      }));
      return calibrated(noise, 0.5);
    }).filter((result) => result !== undefined);
    for (const { atOffset } of results) expect(atOffset.precision).toBeGreaterThanOrEqual(0.5);
    const checkedPrecisions = results
      .map(({ crossValidated }) => crossValidated.precision)
      .filter((precision) => precision !== null);
    expect(checkedPrecisions.length).toBeGreaterThan(10);
    const mean = checkedPrecisions.reduce((sum, each) => sum + each, 0) / checkedPrecisions.length;
    expect(mean).toBeLessThan(0.42);
    const { atOffset: real, crossValidated: checked } = calibrate(rows, 0.9);
    expect(Math.abs(real.precision! - checked.precision!)).toBeLessThan(0.03);
  });

  it.each([
    ["only relevant rows", rows.filter(({ label }) => label === 1), /All \d+ rows are relevant/],
    [
      "only irrelevant rows",
      rows.filter(({ label }) => label === 0),
      /All \d+ rows are irrelevant/,
    ],
    [
      "rows on which it cannot be had",
      [
        { query: "a", label: 0, score: 3 },
        { query: "b", label: 1, score: 2 },
        { query: "c", label: 0, score: 1 },
      ] as const,
      /No offset gives a precision of 0\.9 .* best there is gives 0\.500, and 0 gives 0\.333 at a recall of 1\.000/,
    ],
  ])("refuses %s", (_name, given, message) => {
    expect(() => calibrate(given, 0.9)).toThrow(message);
  });
});
