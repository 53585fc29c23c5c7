// Roles, shapes and configuration: the same model out of every family, and every contradiction named.
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { readConfigNumbers } from "../../convert/architectures/config_numbers.ts";
import { decoderNames } from "../../convert/architectures/decoder_names.ts";
import { decoderParts, type SizeOptions } from "../../convert/architectures/decoder_parts.ts";
import { wiredPieces } from "../../convert/architectures/wiring.ts";
import { readCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { assignRoles } from "../../convert/roles/roles.ts";
import { readPiece } from "../../convert/write/pieces.ts";
import { bytesSource } from "../../gguf/source.ts";
import {
  asTorch,
  config,
  families,
  type Matrix,
  makeWeights,
  named,
  sizes,
} from "./model_builder.ts";

const weights = makeWeights();
const hf = () => named(families["Hugging Face"]!, weights);
const matrix = (...shape: number[]): Matrix => ({
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

interface Given {
  modelConfig?: object;
  map?: Record<string, string>;
  options?: SizeOptions;
}

async function partsOf(tensors: ReadonlyMap<string, Matrix>, given: Given = {}) {
  const { modelConfig = config, map = {}, options = {} } = given;
  const checkpoint = await readCheckpoint(bytesSource(asTorch(tensors, modelConfig)));
  const roles = assignRoles(checkpoint.tensors, decoderNames, new Map(Object.entries(map)));
  return { roles, parts: decoderParts(roles, readConfigNumbers(checkpoint.config), options) };
}

describe("decoderParts", () => {
  for (const [name, family] of Object.entries(families)) {
    it(`finds the model in ${name}`, async () => {
      const { parts } = await partsOf(named(family, weights));
      expect(parts.sizes).toEqual(sizes);
      expect([...parts.pieces.keys()].sort()).toEqual([...weights.keys()].sort());
      const pieces = wiredPieces(
        parts,
        { tokenIds: [] },
        { rope: family.rope, gateUp: "gate-first" },
      );
      for (const [target, { values }] of weights) {
        expect(await readPiece(pieces.get(target)!), target).toEqual(values);
      }
    });
  }

  it("says whether gate and up are told by name", async () => {
    expect((await partsOf(hf())).parts.gateUpNamed).toBe(true);
    for (const name of ["Meta", "fused pairs", "fused, behind torch.compile"]) {
      expect((await partsOf(named(families[name]!, weights))).parts.gateUpNamed).toBe(false);
    }
  });

  it("swaps gate and up on demand", async () => {
    const { parts } = await partsOf(hf());
    const pieces = wiredPieces(parts, { tokenIds: [] }, { rope: "half", gateUp: "up-first" });
    const gate = await readPiece(pieces.get("blk.1.ffn_gate.weight")!);
    expect(gate).toEqual(weights.get("blk.1.ffn_up.weight")!.values);
  });

  it("tells tied heads from untied ones", async () => {
    const untied = makeWeights(1, false);
    const { parts } = await partsOf(named(families["Hugging Face"]!, untied));
    expect(parts.pieces.has("output.weight")).toBe(true);
    expect((await partsOf(hf())).parts.pieces.has("output.weight")).toBe(false);
  });

  it("takes w2 for the one that narrows where all three are square", async () => {
    const square = hf();
    for (let block = 0; block < sizes.blockCount; block++) {
      for (const part of ["gate_proj", "up_proj", "down_proj"])
        square.delete(`model.layers.${block}.mlp.${part}.weight`);
      for (const part of ["w1", "w2", "w3"])
        square.set(`model.layers.${block}.mlp.${part}.weight`, matrix(32, 32));
    }
    const { parts } = await partsOf(square);
    expect(parts.pieces.get("blk.0.ffn_down.weight")!.tensor.name).toContain("w2");
    expect(parts.pieces.get("blk.0.ffn_gate.weight")!.tensor.name).toContain("w1");
  });

  it("keeps rope_freqs", async () => {
    const { parts } = await partsOf(hf().set("rope_freqs.weight", matrix(4)));
    expect(parts.pieces.has("rope_freqs.weight")).toBe(true);
  });

  it("drops, keeps for the router, and names both", async () => {
    const { roles } = await partsOf(
      hf().set("mtp_heads.0.weight", matrix(4, 4)).set("decision_head.weight", matrix(2, 32)),
    );
    expect(roles.dropped.map(({ name }) => name)).toEqual(["mtp_heads.0.weight"]);
    expect([...roles.router.keys()]).toEqual(["decision_head.weight"]);
  });

  it("follows the map", async () => {
    const odd = new Map(
      [...hf()].map(([name, tensor]) => [
        name.replace("self_attn.q_proj", "attn.questions"),
        tensor,
      ]),
    );
    odd.set("extra", matrix(3)).set("gate_of_routes", matrix(3));
    const map = {
      "model.layers.0.attn.questions.weight": "blk.0.attn_q.weight",
      "model.layers.1.attn.questions.weight": "blk.1.attn_q.weight",
      extra: "drop",
      gate_of_routes: "router.gate",
    };
    const { parts, roles } = await partsOf(odd, { map });
    expect(parts.pieces.get("blk.1.attn_q.weight")!.tensor.name).toBe(
      "model.layers.1.attn.questions.weight",
    );
    expect([...roles.router.keys()]).toEqual(["gate"]);
    expect(roles.dropped).toEqual([{ name: "extra", reason: "dropped by the map" }]);
  });

  it("takes heads and context from the command line, or derives heads from a head's width", async () => {
    const options = { headCount: 4, contextLength: 99 };
    expect((await partsOf(hf(), { modelConfig: { x: 1 }, options })).parts.sizes).toEqual({
      ...sizes,
      contextLength: 99,
    });
    const modelConfig = { head_dim: 8, max_seq_len: 64 };
    expect((await partsOf(hf(), { modelConfig })).parts.sizes).toEqual(sizes);
  });

  it("reads partial RoPE", async () => {
    for (const part of [{ rotary_dim: 4 }, { partial_rotary_factor: 0.5 }]) {
      const { parts } = await partsOf(hf(), { modelConfig: { ...config, ...part } });
      expect(parts.sizes.ropeDimensionCount).toBe(4);
    }
  });

  it("notes widths before rounding and vocabularies before padding", async () => {
    const { parts } = await partsOf(hf(), {
      modelConfig: { ...config, d_ff: 96, vocab_size: 500 },
    });
    expect(parts.notes).toHaveLength(2);
    expect(parts.sizes).toEqual(sizes);
  });
});

describe("decoderParts refuses", () => {
  const with_ = (changes: Record<string, Matrix | undefined>) => {
    const tensors = hf();
    for (const [name, tensor] of Object.entries(changes)) {
      if (tensor) tensors.set(name, tensor);
      else tensors.delete(name);
    }
    return tensors;
  };
  const without = (...parts: string[]) =>
    Object.fromEntries(parts.map((part) => [`model.layers.0.mlp.${part}.weight`, undefined]));
  const at = "model.layers.1";
  const cases: Record<string, [ReadonlyMap<string, Matrix>, Given, RegExp]> = {
    "an unknown tensor": [with_({ mystery: matrix(3) }), {}, /"mystery" \[3\][\s\S]*--map/],
    "a bias": [with_({ [`${at}.self_attn.q_proj.bias`]: matrix(32) }), {}, /Biases/],
    "no embedding": [
      with_({ "model.embed_tokens.weight": undefined }),
      {},
      /the token embedding.*--map/,
    ],
    "no final norm": [with_({ "model.norm.weight": undefined }), {}, /the final norm/],
    "no blocks": [new Map([...hf()].filter(([name]) => !name.includes("layers"))), {}, /no blocks/],
    "a gap in the blocks": [
      new Map([...hf()].map(([name, tensor]) => [name.replace("layers.1", "layers.2"), tensor])),
      {},
      /none with number 1/,
    ],
    "a missing matrix": [
      with_({ [`${at}.self_attn.k_proj.weight`]: undefined }),
      {},
      /block 1: the key matrix \(self_attn\.k_proj\) is missing/,
    ],
    "a missing output": [
      with_({ "model.layers.0.self_attn.o_proj.weight": undefined }),
      {},
      /block 0: attention's output matrix .* is missing/,
    ],
    "a role twice": [
      with_({ [`${at}.self_attn.wq.weight`]: matrix(32, 32) }),
      {},
      /both look like the query matrix/,
    ],
    "a role whole and fused": [
      with_({ [`${at}.self_attn.qkv.weight`]: matrix(64, 32) }),
      {},
      /both hold the \w+ matrix/,
    ],
    "a shape that does not fit": [
      with_({ [`${at}.self_attn.k_proj.weight`]: matrix(24, 32) }),
      {},
      /\[16, 32\] is expected/,
    ],
    "a norm of another length": [
      with_({ [`${at}.input_layernorm.weight`]: matrix(31) }),
      {},
      /\[32\] is expected/,
    ],
    "an embedding of another width": [
      with_({ "model.embed_tokens.weight": matrix(512, 31) }),
      {},
      /512, 32/,
    ],
    "a head of another size": [with_({ "lm_head.weight": matrix(500, 32) }), {}, /512, 32/],
    "rope_freqs of another length": [
      with_({ "rope_freqs.weight": matrix(8) }),
      {},
      /\[4\] is expected/,
    ],
    "a feed-forward without a gate": [
      new Map(
        [...hf()]
          .filter(([name]) => !name.includes("gate_proj"))
          .map(([name, tensor]) => [
            name.replace("up_proj", "fc1").replace("down_proj", "fc2"),
            tensor,
          ]),
      ),
      {},
      /no gate/,
    ],
    "matrices stored both ways": [
      with_({ [`${at}.mlp.up_proj.weight`]: matrix(32, 64) }),
      {},
      /\[out, in\]/,
    ],
    "numbered matrices that cannot be told apart": [
      with_({
        ...without("gate_proj", "up_proj", "down_proj"),
        "model.layers.0.mlp.w1.weight": matrix(32, 64),
        "model.layers.0.mlp.w2.weight": matrix(32, 64),
        "model.layers.0.mlp.w3.weight": matrix(64, 32),
      }),
      {},
      /cannot be told apart/,
    ],
    "silence about heads": [hf(), { modelConfig: { max_seq_len: 64 } }, /--heads/],
    "silence about the context": [hf(), { modelConfig: { n_heads: 4 } }, /--context-length/],
    "heads that do not divide": [hf(), { modelConfig: { ...config, n_heads: 5 } }, /divided/],
    "another width than configured": [
      hf(),
      { modelConfig: { ...config, d_model: 64 } },
      /d_model is 64/,
    ],
    "another number of blocks": [
      hf(),
      { modelConfig: { ...config, n_layers: 3 } },
      /n_layers is 3/,
    ],
    "another number of key heads": [
      hf(),
      { modelConfig: { ...config, n_kv_heads: 4 } },
      /n_kv_heads is 4/,
    ],
    "another width of heads": [
      hf(),
      { modelConfig: { ...config, head_dim: 16 } },
      /head_dim is 16/,
    ],
    "other heads than asked for": [hf(), { options: { headCount: 2 } }, /n_heads is 4/],
    "an odd RoPE": [hf(), { modelConfig: { ...config, rotary_dim: 3 } }, /RoPE cannot turn 3/],
    "a RoPE beyond the head": [
      hf(),
      { modelConfig: { ...config, rotary_dim: 16 } },
      /RoPE cannot turn 16/,
    ],
  };
  for (const [name, [tensors, given, reason]] of Object.entries(cases)) {
    it(name, async () => {
      const error = await partsOf(tensors, given).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.message).toMatch(reason);
      expect(error.code).toBe("CHECKPOINT_UNMAPPED");
    });
  }

  const maps: Record<string, [Record<string, string>, RegExp]> = {
    "a map of tensors that are not there": [{ nothing: "drop" }, /not in the checkpoint/],
    "a map to no role": [{ "lm_head.weight": "head of state" }, /GGUF name/],
  };
  for (const [name, [map, reason]] of Object.entries(maps)) {
    it(name, async () => {
      const error = await partsOf(with_({ "lm_head.weight": matrix(512, 32) }), { map }).catch(
        (caught) => caught,
      );
      expect(error.code).toBe("INPUT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }
});
