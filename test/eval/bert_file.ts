// Makes a small BERT with random weights as a GGUF file for llama.cpp: a reranker, or an embedder.
import type { Metadata, MetadataValue } from "../../gguf/format.ts";
import { GgufWriter, planGguf } from "../../gguf/write.ts";
import { randomNumbers } from "../../src/eval/random.ts";

const sizes = { width: 32, inner: 64, blocks: 2, heads: 2, context: 64 };
/** llama.cpp's numbers for how the vectors of tokens become one. */
const poolings = { mean: 1, rank: 4 } as const;

const specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
// llama.cpp writes a WordPiece vocabulary with a mark where words begin.
const words = "the capital of germany berlin is a river city nile longest".split(" ");
const vocabulary = [...specials, ...words.map((word) => `\u2581${word}`)];

export async function bertFile(pooling: keyof typeof poolings): Promise<Uint8Array> {
  const { width, inner, blocks, heads, context } = sizes;
  const u32 = (value: number): MetadataValue => ({ type: "u32", value });
  const string = (value: string): MetadataValue => ({ type: "string", value });
  const metadata: Metadata = new Map<string, MetadataValue>([
    ["general.architecture", string("bert")],
    ["bert.context_length", u32(context)],
    ["bert.embedding_length", u32(width)],
    ["bert.feed_forward_length", u32(inner)],
    ["bert.block_count", u32(blocks)],
    ["bert.attention.head_count", u32(heads)],
    ["bert.attention.layer_norm_epsilon", { type: "f32", value: 1e-12 }],
    ["bert.attention.causal", { type: "bool", value: false }],
    ["bert.pooling_type", u32(poolings[pooling])],
    ["tokenizer.ggml.model", string("bert")],
    ["tokenizer.ggml.tokens", { type: "array", of: "string", value: vocabulary }],
    ["tokenizer.ggml.token_type_count", u32(2)],
    ["tokenizer.ggml.padding_token_id", u32(0)],
    ["tokenizer.ggml.unknown_token_id", u32(1)],
    ["tokenizer.ggml.cls_token_id", u32(2)],
    ["tokenizer.ggml.bos_token_id", u32(2)],
    ["tokenizer.ggml.seperator_token_id", u32(3)],
    ["tokenizer.ggml.eos_token_id", u32(3)],
    ["tokenizer.ggml.mask_token_id", u32(4)],
  ]);
  const shapes: [string, number[]][] = [
    ["token_embd.weight", [width, vocabulary.length]],
    ["position_embd.weight", [width, context]],
    ["token_types.weight", [width, 2]],
    ...norm("token_embd_norm", width),
  ];
  for (let n = 0; n < blocks; n++) {
    for (const name of ["attn_q", "attn_k", "attn_v", "attn_output"]) {
      shapes.push(...linear(`blk.${n}.${name}`, width, width));
    }
    shapes.push(...norm(`blk.${n}.attn_output_norm`, width));
    shapes.push(...linear(`blk.${n}.ffn_up`, width, inner));
    shapes.push(...linear(`blk.${n}.ffn_down`, inner, width));
    shapes.push(...norm(`blk.${n}.layer_output_norm`, width));
  }
  if (pooling === "rank")
    shapes.push(...linear("cls", width, width), ...linear("cls.output", width, 1));
  const tensors = shapes.map(([name, shape]) => ({ name, shape, type: "F32" as const }));
  const random = randomNumbers(11);
  const plan = planGguf(metadata, tensors);
  const pieces: Uint8Array[] = [];
  const writer = new GgufWriter(plan, { write: async (bytes) => void pieces.push(bytes) });
  for (const { name, shape } of tensors) {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () =>
      name.endsWith("norm.weight") ? 1 : (random() - 0.5) * 0.8,
    );
    await writer.writeTensor(name, [new Uint8Array(values.buffer)]);
  }
  await writer.finish();
  return Buffer.concat(pieces);
}

function linear(name: string, from: number, to: number): [string, number[]][] {
  return [
    [`${name}.weight`, [from, to]],
    [`${name}.bias`, [to]],
  ];
}

function norm(name: string, width: number): [string, number[]][] {
  return [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ];
}
