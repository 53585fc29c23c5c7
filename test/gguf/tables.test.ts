// The table of tensors made concrete, and its mirror in the native part.
import { describe, expect, it } from "vitest";
import { expectedTensors, type Hyperparameters, qrag } from "../../gguf/architecture.ts";
import type { Hyperparameters as NativeNumbers } from "../../native/contract.ts";
import { model, numbers } from "./tiny_model.ts";

describe("expectedTensors", () => {
  it("makes the table concrete", () => {
    const tensors = expectedTensors(qrag, model);
    expect(tensors.map(({ name, shape }) => `${name} ${shape.join("x")}`)).toEqual([
      "token_embd.weight 64x50",
      ...[0, 1].flatMap((block) => [
        `blk.${block}.attn_norm.weight 64`,
        `blk.${block}.attn_q.weight 64x128`,
        `blk.${block}.attn_k.weight 64x64`,
        `blk.${block}.attn_v.weight 64x64`,
        `blk.${block}.attn_output.weight 128x64`,
        `blk.${block}.ffn_norm.weight 64`,
        `blk.${block}.ffn_gate.weight 64x96`,
        `blk.${block}.ffn_up.weight 64x96`,
        `blk.${block}.ffn_down.weight 96x64`,
      ]),
      "output_norm.weight 64",
      "cls.output.weight 64x3",
      "output.weight 64x50",
      "rope_freqs.weight 8",
    ]);
  });

  it("leaves only the head and the frequency factors out of a minimal file", () => {
    const optional = qrag.tensors.filter(({ required }) => !required).map(({ name }) => name);
    expect(optional).toEqual(["output.weight", "rope_freqs.weight"]);
  });
});

it("has the numbers that the native part asks for", () => {
  const native: NativeNumbers = numbers;
  const back: Hyperparameters = native;
  expect(back).toBe(numbers);
});
