// What a configuration says, under any of the usual names; and what it must not say.
import { describe, expect, it } from "vitest";
import {
  readConfigNumbers,
  refuseOtherArithmetic,
} from "../../convert/architectures/config_numbers.ts";
import type { Config } from "../../convert/checkpoint/config_value.ts";
import { configFromJson } from "../../convert/checkpoint/config_value.ts";

function read(config: object) {
  const values = configFromJson(config) as Config;
  refuseOtherArithmetic(values);
  return readConfigNumbers(values);
}

describe("readConfigNumbers", () => {
  it("knows the names of Hugging Face, of Meta and of nanoGPT", () => {
    const all = [
      { hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 4, rms_norm_eps: 1e-6 },
      { dim: 8, n_layers: 2, n_heads: 4, norm_eps: 1e-6 },
      { n_embd: 8, n_layer: 2, n_head: 4, layer_norm_epsilon: 1e-6 },
    ];
    for (const config of all) {
      const values = [...read(config).numbers].map(([number, { value }]) => [number, value]);
      expect(Object.fromEntries(values)).toEqual({
        embeddingLength: 8,
        blockCount: 2,
        headCount: 4,
        normEpsilon: 1e-6,
      });
    }
  });

  it("remembers which field said it, and takes null for silence", () => {
    const { numbers, interleaved } = read({ d_model: null, n_embd: 8, rope_interleaved: true });
    expect(numbers.get("embeddingLength")).toEqual({ value: 8, field: "n_embd" });
    expect(interleaved).toEqual({ value: true, field: "rope_interleaved" });
  });

  it("accepts two names that agree, and an absent configuration", () => {
    expect(read({ d_model: 8, dim: 8 }).numbers.get("embeddingLength")!.value).toBe(8);
    expect(readConfigNumbers(undefined).numbers.size).toBe(0);
  });

  it("accepts SwiGLU by its names and words it does not know", () => {
    for (const hidden_act of ["silu", "SiLU", "swiglu", "something", 3]) read({ hidden_act });
  });

  const refused: Record<string, [object, RegExp]> = {
    "two names that disagree": [
      { d_model: 8, dim: 16 },
      /contradicts itself: d_model is 8, dim is 16/,
    ],
    "a size that is text": [{ d_model: "8" }, /d_model is "8"/],
    "a size of zero": [{ d_model: 0 }, /positive whole/],
    "a negative size": [{ d_model: -8 }, /positive whole/],
    "a fractional size": [{ d_model: 8.5 }, /positive whole/],
    "an infinite base": [{ rope_theta: Number.POSITIVE_INFINITY }, /positive/],
    "another activation": [{ hidden_act: "gelu_new" }, /SwiGLU/],
    "scaled frequencies": [{ rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling/],
    "a RoPE order that is no flag": [{ rope_interleaved: "yes" }, /true or false/],
  };
  for (const [name, [config, reason]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      expect(() => read(config)).toThrow(reason);
      expect(() => read(config)).toThrow(expect.objectContaining({ code: "CHECKPOINT_UNMAPPED" }));
    });
  }
});
