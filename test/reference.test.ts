// The converted fixtures against what PyTorch computed from the same checkpoints.
import { afterAll, describe, expect, it } from "vitest";
import { addon } from "../native/loader.ts";
import { Conversions } from "./converted.ts";
import { checkpointNames, golden, intermediates } from "./fixtures.ts";

const conversions = new Conversions();
afterAll(() => conversions.remove());

/** A prompt's logits of the decision rows, arg-max and mean surprise. */
async function scored(model: Awaited<ReturnType<Conversions["model"]>>, ids: readonly number[]) {
  const tokens = Int32Array.from(ids);
  const offsets = Int32Array.of(0, ids.length);
  const logits = [...(await model.score(tokens, offsets, "decision"))];
  const [argmax] = await model.score(tokens, offsets, "argmax");
  const [sum] = await model.score(tokens, offsets, "surprise");
  return { logits, argmax, surprise: sum! / (ids.length - 1) };
}

describe.each(checkpointNames)("%s, converted to F32", (name) => {
  it("gives PyTorch's logits, arg-max and surprise", async () => {
    const { prompts, decision, numbers } = golden(name);
    // The untied head has to be kept for the arg-max; a tied one is there anyway.
    const model = await conversions.model(name, { keepLmHead: true });
    for (const prompt of prompts) {
      const { logits, argmax, surprise } = await scored(model, prompt.tokens);
      expect(logits.length).toBe(decision.length);
      for (const [row, logit] of prompt.decisionLogits.entries()) {
        expect(Math.abs(logits[row]! - logit), `${prompt.name}, row ${row}`).toBeLessThan(1e-4);
      }
      expect(argmax, prompt.name).toBe(prompt.argmax);
      if (prompt.surprise !== null) {
        expect(Math.abs(surprise - prompt.surprise), prompt.name).toBeLessThan(1e-4);
      }
      expect(prompt.tokens.length).toBeLessThanOrEqual(numbers.contextLength);
    }
    model.dispose();
  });
});

it("every layer's intermediates are PyTorch's", async () => {
  const { prompt, values } = intermediates();
  const model = await conversions.model("llama");
  const steps = await model.trace(Int32Array.from(prompt.tokens));
  const compared = Object.keys(steps).filter((name) => /^blk\./.test(name));
  // Ten named steps in each of the two blocks.
  expect(compared.length).toBe(20);
  for (const name of compared) {
    const expected = values.get(name)!.values;
    expect(steps[name]!.length, name).toBe(expected.length);
    const error = expected.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - steps[name]![i]!)),
      0,
    );
    expect(error, name).toBeLessThan(1e-4);
  }
  model.dispose();
});

/**
 * The root mean square error of a decision logit, over all prompts, that a type's step allows: weights off by a uniform
 * error of half a step change a product by about step / sqrt(12) of its size; a dozen products in a row, with the
 * activations' own 8 bits in ggml's quantized types, add up to about a step.
 */
const steps = { F16: 2 ** -11, BF16: 2 ** -8, Q8_0: 2 / 254, Q4_0: 1 / 8 } as const;

describe.each(Object.entries(steps))("quantized to %s", (type, step) => {
  it.each(["reference", ...addon().kernels()])("errs within its step (%s)", async (kernels) => {
    const { prompts } = golden("llama");
    const model = await conversions.model("llama", { type: type as keyof typeof steps }, kernels);
    let error = 0;
    let size = 0;
    for (const prompt of prompts) {
      const tokens = Int32Array.from(prompt.tokens);
      const logits = await model.score(tokens, Int32Array.of(0, tokens.length), "decision");
      for (const [row, logit] of prompt.decisionLogits.entries()) {
        error += (logits[row]! - logit) ** 2;
        size += logit ** 2;
      }
    }
    // The fast graph computes in 8 bits, one scale to a channel, whatever the file holds; AVX2's sums leave its weights
    // steps that are up to twice as wide.
    const own = kernels === "avx2" ? 1.5 * steps.Q8_0 : steps.Q8_0;
    const allowed = kernels === "reference" ? 1.5 * step : 2.5 * Math.max(step, own);
    expect(Math.sqrt(error / size)).toBeLessThan(allowed);
    model.dispose();
  });
});
