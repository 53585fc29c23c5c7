// What is known before anything is tried: the command line before the configuration, names, and saved tables.
import { describe, expect, it } from "vitest";
import { readConfigNumbers } from "../../convert/architectures/config_numbers.ts";
import { decoderNames } from "../../convert/architectures/decoder_names.ts";
import { decoderParts } from "../../convert/architectures/decoder_parts.ts";
import { readCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { knownWiring, type StatedWiring } from "../../convert/proof/known_wiring.ts";
import { assignRoles } from "../../convert/roles/roles.ts";
import { bytesSource } from "../../gguf/source.ts";
import { asTorch, families, makeWeights, named } from "./model_builder.ts";

const weights = makeWeights();
const sizesOnly = { n_heads: 4, max_seq_len: 64 };

async function knownOf(
  stated: StatedWiring,
  config: object = sizesOnly,
  table?: readonly number[],
  family = "Hugging Face",
) {
  const tensors = named(families[family]!, weights);
  if (table) {
    const values = Float32Array.from(table);
    tensors.set("model.layers.0.self_attn.rotary_emb.inv_freq", { shape: [values.length], values });
  }
  const checkpoint = await readCheckpoint(bytesSource(asTorch(tensors, config)));
  const numbers = readConfigNumbers(checkpoint.config);
  const parts = decoderParts(assignRoles(checkpoint.tensors, decoderNames), numbers);
  return knownWiring(stated, numbers, parts, checkpoint.tensors);
}

const table = (base: number, count = 4) =>
  Array.from({ length: count }, (_, i) => base ** (-i / count));

describe("knownWiring", () => {
  it("knows gate and up by their names, and nothing else by itself", async () => {
    expect(await knownOf({})).toEqual({ gateUp: { value: "gate-first", by: "tensor names" } });
    expect(await knownOf({}, sizesOnly, undefined, "Meta")).toEqual({});
  });

  it("takes the configuration's word", async () => {
    const config = { ...sizesOnly, rope_theta: 5e5, rms_norm_eps: 1e-6, rope_interleaved: false };
    expect(await knownOf({}, config, undefined, "Meta")).toEqual({
      rope: { value: "half", by: "rope_interleaved" },
      normEpsilon: { value: 1e-6, by: "rms_norm_eps" },
      ropeBase: { value: 5e5, by: "rope_theta" },
    });
  });

  it("takes the command line's before that", async () => {
    const config = { ...sizesOnly, rope_theta: 5e5, rms_norm_eps: 1e-6, rope_interleaved: false };
    const stated = {
      rope: "interleaved",
      gateUp: "up-first",
      normEps: 1e-5,
      ropeBase: 1e4,
    } as const;
    expect(await knownOf(stated, config, table(5e5))).toEqual({
      rope: { value: "interleaved", by: "--rope" },
      gateUp: { value: "up-first", by: "--gate-up" },
      normEpsilon: { value: 1e-5, by: "--norm-eps" },
      ropeBase: { value: 1e4, by: "--rope-base" },
    });
  });

  it("reads the base out of a saved rotary table", async () => {
    for (const base of [10_000, 500_000]) {
      const { ropeBase } = await knownOf({}, sizesOnly, table(base));
      expect(ropeBase).toEqual({ value: base, by: "model.layers.0.self_attn.rotary_emb.inv_freq" });
    }
  });

  it("ignores a table of another length", async () => {
    expect((await knownOf({}, sizesOnly, table(1e4, 8))).ropeBase).toBe(undefined);
  });

  it("refuses scaled tables, and tables that contradict the configuration", async () => {
    const scaled = table(1e4).map((frequency, i) => (i > 1 ? frequency / 8 : frequency));
    const contradicting = knownOf({}, { ...sizesOnly, rope_theta: 5e5 }, table(1e4));
    await expect(knownOf({}, sizesOnly, scaled)).rejects.toThrow(/no powers of one base/);
    await expect(contradicting).rejects.toThrow(/rope_theta is 500000.*--rope-base/);
  });
});
