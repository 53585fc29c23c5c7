// The table of names: what each family's names mean, and what is left alone.
import { describe, expect, it } from "vitest";
import { readName } from "../../convert/architectures/decoder_names.ts";

describe("readName knows", () => {
  const rows: [string, string, number?][] = [
    ["model.embed_tokens.weight", "token_embd"],
    ["tok_embeddings.weight", "token_embd"],
    ["transformer.wte.weight", "token_embd"],
    ["model.embeddings.word_embeddings.weight", "token_embd"],
    ["token_emb", "token_embd"],
    ["model.norm.weight", "output_norm"],
    ["transformer.ln_f.weight", "output_norm"],
    ["final_norm.gamma", "output_norm"],
    ["lm_head.weight", "output"],
    ["output.weight", "output"],
    ["rope_freqs.weight", "rope_freqs"],
    ["model.layers.11.self_attn.q_proj.weight", "attn_q", 11],
    ["layers.0.attention.wk.weight", "attn_k", 0],
    ["blocks.3.attn.v_proj.weight", "attn_v", 3],
    ["transformer.h.1.attn.c_attn.weight", "attn_qkv", 1],
    ["blocks.1.attn.Wqkv.weight", "attn_qkv", 1],
    ["blocks.1.attn.in_proj_weight", "attn_qkv", 1],
    ["blocks.1.attn.kv_proj.weight", "attn_kv", 1],
    ["blocks.1.wq.weight", "attn_q", 1],
    ["transformer.h.1.attn.c_proj.weight", "attn_output", 1],
    ["transformer.h.1.mlp.c_proj.weight", "ffn_down", 1],
    ["blocks.1.mlp.c_fc.weight", "ffn_gate_up", 1],
    ["layers.2.feed_forward.w1.weight", "ffn_1", 2],
    ["layers.2.feed_forward.w2.weight", "ffn_2", 2],
    ["blocks.2.mlp.w12.weight", "ffn_gate_up", 2],
    ["blocks.2.ffn.gate.weight", "ffn_gate", 2],
    ["blocks.2.ffn.up_proj.weight", "ffn_up", 2],
    ["model.layers.0.input_layernorm.weight", "attn_norm", 0],
    ["model.layers.0.post_attention_layernorm.weight", "ffn_norm", 0],
    ["blocks.0.norm1.weight", "attn_norm", 0],
    ["blocks.0.ln_2.scale", "ffn_norm", 0],
    ["blk.7.ffn_down.weight", "ffn_down", 7],
  ];
  for (const [name, kind, block] of rows) {
    it(name, () => expect(readName(name, [4, 4])).toEqual({ kind, block }));
  }
});

describe("readName drops", () => {
  const rows: [string, number[], RegExp][] = [
    ["mtp_heads.0.weight", [8, 8], /training/],
    ["model.mtp.layers.0.self_attn.q_proj.weight", [8, 8], /training/],
    ["multi_token_head.2.weight", [8, 8], /training/],
    ["aux_heads.1.weight", [8, 8], /training/],
    ["model.aux.weight", [8, 8], /training/],
    ["blocks.0.attn.rotary.inv_freq", [4], /rotary/],
    ["freqs_cis", [64, 4], /rotary/],
    ["model.layers.0.self_attn.rotary_emb.cos_cached", [1, 1, 64, 8], /rotary/],
    ["transformer.h.0.attn.bias", [1, 1, 64, 64], /mask/],
    ["transformer.h.0.attn.masked_bias", [], /mask/],
    ["causal_mask", [64, 64], /mask/],
  ];
  for (const [name, shape, reason] of rows) {
    it(name, () => {
      const found = readName(name, shape)!;
      expect("drop" in found && found.drop).toMatch(reason);
    });
  }
});

describe("readName keeps for the router", () => {
  for (const name of [
    "decision_head.weight",
    "model.decision.0.bias",
    "router.proj.weight",
    "routing_head.w",
  ]) {
    it(name, () => expect(readName(name, [2, 8])).toEqual({ router: name }));
  }
});

describe("readName does not guess", () => {
  const names = [
    // Part of the model for all that a name says, though it begins like a training head's.
    "auxiliary_norm.weight",
    "mtpfree_head.weight",
    "multi_token_embedding.weight",
    "blocks.0.auxgate.weight",
    "model.layers.0.self_attn.q_proj.bias",
    "transformer.h.0.attn.c_attn.bias",
    "transformer.wpe.weight",
    "lm_head.bias",
    "model.norm.bias",
    "model.layers.0.self_attn.q_norm.weight",
    "model.layers.0.pre_feedforward_layernorm.weight",
    "model.layers.0.block_sparse_moe.gate.weight",
    "model.layers.0.mlp.experts.0.w1.weight",
    "model.layers.0.cross_attn.q_proj.weight",
    "vision_tower.layers.0.self_attn.q_proj.weight",
    "layers.x.attention.wq.weight",
    "layers.-1.attention.wq.weight",
    "layers.1e3.attention.wq.weight",
    "0.attention.wq.weight",
    "blocks.0.mlp.0.weight",
    "blocks.0.proj.weight",
    "blocks.0.mlp.wq.weight",
    "constructor",
    "__proto__.weight",
    "weight",
    "",
    ".",
  ];
  for (const name of names) {
    it(JSON.stringify(name), () => expect(readName(name, [8])).toBe(undefined));
  }
});
