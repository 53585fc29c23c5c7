// A tiny model with random weights, written down in the ways of many naming families. All of them are the same model.

import { type Code, mark, orderedDict, setItems, text, value } from "./pickle_builder.ts";
import { type BuiltTensor, buildSafetensors } from "./safetensors_builder.ts";
import { tensorCode, torchFile } from "./torch_builder.ts";
import { concat } from "./zip_builder.ts";

export const sizes = {
  contextLength: 64,
  embeddingLength: 32,
  blockCount: 2,
  feedForwardLength: 64,
  headCount: 4,
  headCountKv: 2,
  keyLength: 8,
  ropeDimensionCount: 8,
  vocabularySize: 512,
} as const;

export interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type Weights = ReadonlyMap<string, Matrix>;

/** Numbers between -1 and 1 that are the same on every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** By GGUF name, in the interleaved order; [out, in]. */
export function makeWeights(seed = 1, tied = true): Weights {
  const next = numbersFrom(seed);
  const { embeddingLength: width, feedForwardLength: wide, vocabularySize: rows } = sizes;
  const query = sizes.headCount * sizes.keyLength;
  const keyValue = sizes.headCountKv * sizes.keyLength;
  const weights = new Map<string, Matrix>();
  const add = (name: string, ...shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    weights.set(`${name}.weight`, { shape, values: Float32Array.from({ length: count }, next) });
  };
  add("token_embd", rows, width);
  for (let block = 0; block < sizes.blockCount; block++) {
    add(`blk.${block}.attn_norm`, width);
    add(`blk.${block}.attn_q`, query, width);
    add(`blk.${block}.attn_k`, keyValue, width);
    add(`blk.${block}.attn_v`, keyValue, width);
    add(`blk.${block}.attn_output`, width, query);
    add(`blk.${block}.ffn_norm`, width);
    add(`blk.${block}.ffn_gate`, wide, width);
    add(`blk.${block}.ffn_up`, wide, width);
    add(`blk.${block}.ffn_down`, width, wide);
  }
  add("output_norm", width);
  if (!tied) add("output", rows, width);
  return weights;
}

/** The matrix with the rows of each head in half-split order, as Hugging Face's Llama has them. */
function halves({ shape, values }: Matrix): Matrix {
  const width = shape[1]!;
  const { keyLength } = sizes;
  const result = new Float32Array(values.length);
  for (let row = 0; row < shape[0]!; row++) {
    const place = row % keyLength;
    const target = row - place + Math.floor(place / 2) + (place % 2) * (keyLength / 2);
    result.set(values.subarray(row * width, (row + 1) * width), target * width);
  }
  return { shape, values: result };
}

function stacked(...matrices: Matrix[]): Matrix {
  return {
    shape: [matrices.reduce((rows, { shape }) => rows + shape[0]!, 0), matrices[0]!.shape[1]!],
    values: Float32Array.from(matrices.flatMap(({ values }) => [...values])),
  };
}

function transposed({ shape, values }: Matrix): Matrix {
  const [rows, columns] = shape as [number, number];
  return {
    shape: [columns, rows],
    values: Float32Array.from(values, (_, index) => {
      const [column, row] = [Math.floor(index / rows), index % rows];
      return values[row * columns + column]!;
    }),
  };
}

export interface Family {
  readonly rope: "half" | "interleaved";
  readonly embedding: string;
  readonly norm: string;
  readonly head: string;
  /** The tensors of one block by name, out of those by GGUF's. */
  block(number: number, part: (name: string) => Matrix): Record<string, Matrix>;
}

function plainBlock(
  prefix: string,
  names: Record<string, string>,
  rope: Family["rope"],
): Family["block"] {
  return (number, part) =>
    Object.fromEntries(
      Object.entries(names).map(([role, name]) => {
        const turned = rope === "half" && (role === "attn_q" || role === "attn_k");
        return [`${prefix}.${number}.${name}.weight`, turned ? halves(part(role)) : part(role)];
      }),
    );
}

export const families: Record<string, Family> = {
  "Hugging Face": {
    rope: "half",
    embedding: "model.embed_tokens.weight",
    norm: "model.norm.weight",
    head: "lm_head.weight",
    block: plainBlock(
      "model.layers",
      {
        attn_norm: "input_layernorm",
        attn_q: "self_attn.q_proj",
        attn_k: "self_attn.k_proj",
        attn_v: "self_attn.v_proj",
        attn_output: "self_attn.o_proj",
        ffn_norm: "post_attention_layernorm",
        ffn_gate: "mlp.gate_proj",
        ffn_up: "mlp.up_proj",
        ffn_down: "mlp.down_proj",
      },
      "half",
    ),
  },
  Meta: {
    rope: "interleaved",
    embedding: "tok_embeddings.weight",
    norm: "norm.weight",
    head: "output.weight",
    block: plainBlock(
      "layers",
      {
        attn_norm: "attention_norm",
        attn_q: "attention.wq",
        attn_k: "attention.wk",
        attn_v: "attention.wv",
        attn_output: "attention.wo",
        ffn_norm: "ffn_norm",
        ffn_gate: "feed_forward.w1",
        ffn_up: "feed_forward.w3",
        ffn_down: "feed_forward.w2",
      },
      "interleaved",
    ),
  },
  "numbered in another order": {
    rope: "half",
    embedding: "tok_emb.weight",
    norm: "norm.weight",
    head: "lm_head.weight",
    block: plainBlock(
      "blocks",
      {
        attn_norm: "norm1",
        attn_q: "attn.q_proj",
        attn_k: "attn.k_proj",
        attn_v: "attn.v_proj",
        attn_output: "attn.out_proj",
        ffn_norm: "norm2",
        ffn_gate: "mlp.w1",
        ffn_up: "mlp.w2",
        ffn_down: "mlp.w3",
      },
      "half",
    ),
  },
  "fused, behind torch.compile": {
    rope: "half",
    embedding: "_orig_mod.transformer.wte.weight",
    norm: "_orig_mod.transformer.ln_f.weight",
    head: "_orig_mod.lm_head.weight",
    block: (number, part) => {
      const at = `_orig_mod.transformer.h.${number}`;
      return {
        [`${at}.ln_1.weight`]: part("attn_norm"),
        [`${at}.attn.qkv.weight`]: stacked(
          halves(part("attn_q")),
          halves(part("attn_k")),
          part("attn_v"),
        ),
        [`${at}.attn.c_proj.weight`]: part("attn_output"),
        [`${at}.ln_2.weight`]: part("ffn_norm"),
        [`${at}.mlp.gate_up_proj.weight`]: stacked(part("ffn_gate"), part("ffn_up")),
        [`${at}.mlp.down_proj.weight`]: part("ffn_down"),
      };
    },
  },
  "fused pairs": {
    rope: "interleaved",
    embedding: "embedding.weight",
    norm: "final_norm.scale",
    head: "head.weight",
    block: (number, part) => ({
      [`layers.${number}.attn.norm.scale`]: part("attn_norm"),
      [`layers.${number}.attn.wq.weight`]: part("attn_q"),
      [`layers.${number}.attn.kv_proj.weight`]: stacked(part("attn_k"), part("attn_v")),
      [`layers.${number}.attn.wo.weight`]: part("attn_output"),
      [`layers.${number}.ffn.norm.scale`]: part("ffn_norm"),
      [`layers.${number}.ffn.fc1.weight`]: stacked(part("ffn_gate"), part("ffn_up")),
      [`layers.${number}.ffn.fc2.weight`]: part("ffn_down"),
    }),
  },
  "GPT-2's Conv1D, stored [in, out]": {
    rope: "half",
    embedding: "transformer.wte.weight",
    norm: "transformer.ln_f.weight",
    head: "lm_head.weight",
    block: (number, part) => {
      const at = `transformer.h.${number}`;
      const qkv = stacked(halves(part("attn_q")), halves(part("attn_k")), part("attn_v"));
      return {
        [`${at}.ln_1.weight`]: part("attn_norm"),
        [`${at}.attn.c_attn.weight`]: transposed(qkv),
        [`${at}.attn.c_proj.weight`]: transposed(part("attn_output")),
        [`${at}.ln_2.weight`]: part("ffn_norm"),
        [`${at}.mlp.c_fc.weight`]: transposed(stacked(part("ffn_gate"), part("ffn_up"))),
        [`${at}.mlp.c_proj.weight`]: transposed(part("ffn_down")),
      };
    },
  },
  GGUF: {
    rope: "interleaved",
    embedding: "token_embd.weight",
    norm: "output_norm.weight",
    head: "output.weight",
    block: (number, part) =>
      Object.fromEntries(
        "attn_norm attn_q attn_k attn_v attn_output ffn_norm ffn_gate ffn_up ffn_down"
          .split(" ")
          .map((name) => [`blk.${number}.${name}.weight`, part(name)]),
      ),
  },
};

/** The weights under a family's names. */
export function named(family: Family, weights: Weights): Map<string, Matrix> {
  const result = new Map<string, Matrix>();
  result.set(family.embedding, weights.get("token_embd.weight")!);
  for (let block = 0; block < sizes.blockCount; block++) {
    const part = (name: string) => weights.get(`blk.${block}.${name}.weight`)!;
    for (const [name, matrix] of Object.entries(family.block(block, part)))
      result.set(name, matrix);
  }
  result.set(family.norm, weights.get("output_norm.weight")!);
  const head = weights.get("output.weight");
  if (head) result.set(family.head, head);
  return result;
}

export const config = {
  n_heads: sizes.headCount,
  max_seq_len: sizes.contextLength,
  norm_eps: 1e-5,
  rope_theta: 10_000,
};

export function bytesOfValues({ values }: Matrix): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The same as torch.save writes it, each tensor with a storage of its own. */
export function asTorch(
  tensors: ReadonlyMap<string, Matrix>,
  modelConfig: object = config,
  weightKey = "model_state",
): Uint8Array {
  const storages: Record<string, Uint8Array> = {};
  const members: Code[] = [];
  for (const [name, matrix] of tensors) {
    const key = String(members.length);
    storages[key] = bytesOfValues(matrix);
    members.push(
      text(name),
      tensorCode({ key, shape: matrix.shape, elements: matrix.values.length }),
    );
  }
  const state = concat([orderedDict(), mark, ...members, setItems]);
  return torchFile({ model_cfg: value(modelConfig), [weightKey]: state }, storages);
}

export function asSafetensors(tensors: ReadonlyMap<string, Matrix>): Uint8Array {
  const built: Record<string, BuiltTensor> = {};
  for (const [name, matrix] of tensors) {
    built[name] = { dtype: "F32", shape: matrix.shape, data: bytesOfValues(matrix) };
  }
  return buildSafetensors(built);
}
