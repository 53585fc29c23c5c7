// How the bench compares a contender's answers with its reference's.
import { expect, it } from "vitest";
import { deviationFrom } from "../../bench/deviation.ts";

it("is nothing for the same answers, and one for answers that tell nothing apart", () => {
  const vectors = [
    [1, 0],
    [3, 4],
    [5, 2],
  ];
  expect(deviationFrom(vectors, vectors)).toBe(0);
  const means = vectors.map(() => [3, 2]);
  expect(deviationFrom(vectors, means)).toBeCloseTo(1, 10);
});

it("does not count what all answers have in common", () => {
  const of = (common: number) => deviationFrom([[common], [common + 2]], [[common], [common + 1]]);
  expect(of(1000)).toBeCloseTo(of(0), 10);
});

it("is no number where answers are missing, of another length, or none", () => {
  expect(deviationFrom([[1], [2]], [[1]])).toBeNaN();
  expect(deviationFrom([[1], [2]], [[1], [2, 3]])).toBeNaN();
  expect(deviationFrom([[1], [2]], [[1], [Number.NaN]])).toBeNaN();
});
