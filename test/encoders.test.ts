// BERTs as PyTorch saves them, converted, against what PyTorch computes of them: every step, every vector, every logit.
import { afterAll, describe, expect, it } from "vitest";
import { Encoders } from "./encoders.ts";
import { encoderGolden, encoderNames } from "./fixtures.ts";

const encoders = new Encoders();
afterAll(() => encoders.remove());

function largestDifference(actual: Float32Array, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - expected[index]!)),
    0,
  );
}

describe.each(encoderNames)("%s, converted to F32", (name) => {
  it("gives what PyTorch gives", async () => {
    const { model, mode } = await encoders.open(name);
    for (const { tokens, secondAt, output, first, second } of encoderGolden(name).cases) {
      const offsets = Int32Array.of(0, tokens.length);
      const given = await model.score(
        Int32Array.from(tokens),
        offsets,
        mode,
        Int32Array.of(secondAt),
      );
      expect(largestDifference(given, output), `${first} | ${second}`).toBeLessThan(1e-4);
    }
    model.dispose();
  });

  it("takes every step that PyTorch takes", async () => {
    const { cases, steps } = encoderGolden(name);
    const { model } = await encoders.open(name);
    const traced = await model.trace(Int32Array.from(cases[0]!.tokens), cases[0]!.secondAt);
    for (const [step, { values }] of steps) {
      // Behind the blocks only the first token goes on to the pooler.
      const own = step === "pooler" ? traced[step]!.subarray(0, values.length) : traced[step]!;
      expect(largestDifference(own, values), step).toBeLessThan(1e-4);
    }
    expect(steps.size).toBeGreaterThan(22);
    model.dispose();
  });
});
