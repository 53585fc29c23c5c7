// What the name of a decoder's tensor says: Llama of Hugging Face and of Meta, GPT-2, nanoGPT, GGUF, and home-made ones
// like them. One table; shapes have the last word (decoder_parts.ts).
import type { Named } from "../roles/named.ts";
import type { NameReader } from "../roles/roles.ts";

/** What a tensor is for. `ffn_1` to `ffn_3` are numbered, not named: their shapes tell which is which. */
export type Kind =
  | "token_embd"
  | "output_norm"
  | "output"
  | "rope_freqs"
  | "attn_norm"
  | "attn_q"
  | "attn_k"
  | "attn_v"
  | "attn_kv"
  | "attn_qkv"
  | "attn_output"
  | "ffn_norm"
  | "ffn_gate"
  | "ffn_up"
  | "ffn_gate_up"
  | "ffn_down"
  | "ffn_1"
  | "ffn_2"
  | "ffn_3";

/** The kinds in words, and how the most usual checkpoints name them: for errors. */
const described: Readonly<Record<Kind, string>> = {
  token_embd: "the token embedding (model.embed_tokens)",
  output_norm: "the final norm (model.norm)",
  output: "the head (lm_head)",
  rope_freqs: "the factors of RoPE's frequencies",
  attn_norm: "the norm before attention (input_layernorm)",
  attn_q: "the query matrix (self_attn.q_proj)",
  attn_k: "the key matrix (self_attn.k_proj)",
  attn_v: "the value matrix (self_attn.v_proj)",
  attn_kv: "the fused key and value matrix",
  attn_qkv: "the fused query, key and value matrix",
  attn_output: "attention's output matrix (self_attn.o_proj)",
  ffn_norm: "the norm before the feed-forward (post_attention_layernorm)",
  ffn_gate: "the feed-forward's gate matrix (mlp.gate_proj)",
  ffn_up: "the feed-forward's up matrix (mlp.up_proj)",
  ffn_gate_up: "the feed-forward's fused gate and up matrix",
  ffn_down: "the feed-forward's down matrix (mlp.down_proj)",
  ffn_1: "the feed-forward's first matrix (w1)",
  ffn_2: "the feed-forward's second matrix (w2)",
  ffn_3: "the feed-forward's third matrix (w3)",
};

/** How decoders name their tensors. */
export const decoderNames: NameReader<Kind> = {
  readName,
  inWords: (kind) => described[kind],
  foreign:
    "Biases, learned positions, experts and norms inside attention do not belong to this architecture.",
};

/** Where a name counts: outside of the blocks, in one, in its attention or its feed-forward. "?": or in none. */
type Place = "model" | "block" | "attention" | "attention?" | "feedForward" | "feedForward?";

const table: readonly (readonly [Kind, Place, string])[] = [
  [
    "token_embd",
    "model",
    "token_embd embed_tokens tok_embeddings wte tok_emb token_emb token_embedding token_embeddings embedding " +
      "embeddings embed emb tok_embedding tok_embed word_embeddings embeddings.word_embeddings embed_in",
  ],
  [
    "output_norm",
    "model",
    "output_norm norm ln_f norm_f final_norm final_layernorm final_layer_norm final_ln ln_final norm_final out_norm " +
      "norm_out rms_final final_rmsnorm ln_out",
  ],
  [
    "output",
    "model",
    "output lm_head head output_proj unembed unembedding out_head output_head embed_out lm_head.linear",
  ],
  ["rope_freqs", "model", "rope_freqs"],

  [
    "attn_norm",
    "block",
    "attn_norm attention_norm input_layernorm norm1 norm_1 ln_1 ln1 rms_1 rms1 rms_norm_1 rmsnorm1 norm_attn ln_attn " +
      "attn_ln pre_attn_norm pre_attention_norm",
  ],
  ["attn_norm", "attention", "norm ln pre_norm"],
  ["attn_q", "attention?", "attn_q q_proj wq w_q q query to_q q_linear query_proj"],
  ["attn_k", "attention?", "attn_k k_proj wk w_k k key to_k k_linear key_proj"],
  ["attn_v", "attention?", "attn_v v_proj wv w_v v value to_v v_linear value_proj"],
  ["attn_kv", "attention?", "kv_proj wkv w_kv kv to_kv"],
  ["attn_qkv", "attention?", "attn_qkv qkv_proj qkv wqkv w_qkv to_qkv c_attn in_proj"],
  ["attn_output", "attention?", "attn_output o_proj wo w_o"],
  [
    "attn_output",
    "attention",
    "out_proj output_proj c_proj proj to_out dense out output o resid_proj",
  ],

  [
    "ffn_norm",
    "block",
    "ffn_norm mlp_norm post_attention_layernorm norm2 norm_2 ln_2 ln2 rms_2 rms2 rms_norm_2 rmsnorm2 norm_ffn norm_mlp " +
      "ln_mlp ln_ffn ffn_ln mlp_ln pre_ffn_norm pre_mlp_norm",
  ],
  ["ffn_norm", "feedForward", "norm ln pre_norm"],
  ["ffn_gate", "feedForward?", "ffn_gate gate_proj w_gate gate_linear linear_gate fc_gate"],
  ["ffn_gate", "feedForward", "gate wg"],
  ["ffn_up", "feedForward?", "ffn_up up_proj w_up up_linear linear_up fc_up"],
  ["ffn_up", "feedForward", "up wu"],
  ["ffn_gate_up", "feedForward?", "ffn_gate_up gate_up_proj gate_up w12 w13 w_gate_up gateup_proj"],
  ["ffn_gate_up", "feedForward", "c_fc in_proj fc_in wi"],
  ["ffn_down", "feedForward?", "ffn_down down_proj w_down down_linear linear_down fc_down"],
  ["ffn_down", "feedForward", "down wd c_proj out_proj fc_out wo proj"],
  ["ffn_1", "feedForward?", "w1 fc1 linear1 linear_1 lin1 l1"],
  ["ffn_2", "feedForward?", "w2 fc2 linear2 linear_2 lin2 l2"],
  ["ffn_3", "feedForward?", "w3 fc3 linear3 linear_3 lin3 l3"],
];

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Modules around the whole model. */
const roots = words(
  "model transformer decoder backbone gpt net network llm lm language_model base_model core trunk body",
);
/** Modules that hold the blocks by number. */
const containers = words(
  "layers layer h blocks block blk decoder_layers transformer_layers transformer_blocks",
);
const attention = words("attn self_attn attention self_attention mha gqa");
const feedForward = words("mlp ffn feed_forward ff feedforward swiglu");
const weightEndings = words("weight scale gamma");

const rotaryBuffers = words(
  "inv_freq freqs freqs_cis freqs_cos freqs_sin cos sin cos_cached sin_cached cos_cache sin_cache rope_cache " +
    "rope_cos rope_sin cos_table sin_table",
);
const maskBuffers = words(
  "mask causal_mask attn_mask attention_mask tril masked_bias position_ids",
);
const trainingHeads = words(
  "mtp mtp_head mtp_heads mtp_layer mtp_layers mtp_block mtp_blocks mtp_module mtp_modules mtp_proj mtp_norm " +
    "multi_token multi_token_head multi_token_heads multi_token_prediction multi_token_predictor " +
    "aux aux_head aux_heads aux_layer aux_layers aux_loss auxiliary_head auxiliary_heads",
);
/** Heads for routing are named freely: these begin the name. */
const routers = ["decision", "router", "route", "routing"];

const rowsByName = new Map<string, (readonly [Kind, Place])[]>();
for (const [kind, place, names] of table) {
  for (const name of names.split(" ")) {
    rowsByName.set(name, [...(rowsByName.get(name) ?? []), [kind, place]]);
  }
}

/** What `name` says, if anything. Some buffers share the name of a bias, and differ by having more dimensions. */
export function readName(name: string, shape: readonly number[]): Named<Kind> | undefined {
  const parts = name.toLowerCase().split(".");
  if (parts.some((part) => trainingHeads.has(part))) {
    return { drop: "a head for training (multi-token prediction), not used for scoring" };
  }
  const ending = parts.at(-1)!;
  if (rotaryBuffers.has(ending)) return { drop: "a rotary table, which the engine computes" };
  if (maskBuffers.has(ending) || (ending === "bias" && shape.length > 2)) {
    return { drop: "a mask, which the engine does not need" };
  }
  const path = weightEndings.has(ending) ? parts.slice(0, -1) : parts;
  if (ending === "in_proj_weight") path[path.length - 1] = "in_proj";

  const block = path.findIndex((part) => isNumber(part));
  if (block > 0 && path.slice(0, block).every((part) => roots.has(part) || containers.has(part))) {
    return inBlock(Number(path[block]), path.slice(block + 1));
  }
  const inner = path.filter((part, index) => index === path.length - 1 || !roots.has(part));
  if (routers.some((head) => inner[0]?.startsWith(head))) return { router: name };
  const kind = find(inner.join("."), ["model"]);
  return kind && { kind, block: undefined };
}

function inBlock(block: number, path: readonly string[]): Named<Kind> | undefined {
  const modules = path.slice(0, -1);
  let places: readonly Place[] | undefined;
  if (modules.length === 0) places = ["block", "attention?", "feedForward?"];
  else if (modules.every((part) => attention.has(part))) places = ["attention", "attention?"];
  else if (modules.every((part) => feedForward.has(part))) places = ["feedForward", "feedForward?"];
  const kind = places && find(path.at(-1) ?? "", places);
  return kind && { kind, block };
}

function find(name: string, places: readonly Place[]): Kind | undefined {
  return rowsByName.get(name)?.find(([, place]) => places.includes(place))?.[0];
}

function isNumber(part: string): boolean {
  return part !== "" && [...part].every((character) => character >= "0" && character <= "9");
}
