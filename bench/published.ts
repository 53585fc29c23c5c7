// Files of the published shape with random weights: a checkpoint as torch.save writes it, and a tokenizer.json.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultSystem, defaultTemplate } from "../gguf/prompt.ts";
import { dictOf, pickleOf, raw, setItems, text } from "../test/convert/pickle_builder.ts";
import { tensorCode, torchArchive } from "../test/convert/torch_builder.ts";
import { concat } from "../test/convert/zip_builder.ts";

/** The model's configuration, under the names that the converter knows. */
export const publishedShape = {
  d_model: 512,
  n_layers: 12,
  n_heads: 8,
  n_kv_heads: 2,
  d_ff: 1408,
  vocab_size: 32_000,
  max_seq_len: 1024,
  rope_theta: 10_000,
  norm_eps: 1e-5,
};

/** The same numbers on every machine and in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Fills with such numbers between -size / 2 and size / 2: by xorshift, since the simpler generator above makes rows of
 * a power of two alike, and in one loop, since there are millions of them.
 */
export function fillRandom(values: Float32Array, seed: number, size: number): Float32Array {
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  for (let i = 0; i < values.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[i] = (state / 2 ** 32) * size;
  }
  return values;
}

/** Tensor names in Meta's way, [out, in] as PyTorch has them. */
function tensorShapes(): [string, number[]][] {
  const { d_model: width, n_heads: heads, n_kv_heads: headsKv, d_ff: inner } = publishedShape;
  const keyValue = (width / heads) * headsKv;
  const blocks = Array.from({ length: publishedShape.n_layers }, (_, block) =>
    Object.entries({
      "attention_norm.weight": [width],
      "attention.wq.weight": [width, width],
      "attention.wk.weight": [keyValue, width],
      "attention.wv.weight": [keyValue, width],
      "attention.wo.weight": [width, width],
      "ffn_norm.weight": [width],
      "feed_forward.w1.weight": [inner, width],
      "feed_forward.w2.weight": [width, inner],
      "feed_forward.w3.weight": [inner, width],
    }).map(([name, shape]): [string, number[]] => [`layers.${block}.${name}`, shape]),
  );
  return [
    ["tok_embeddings.weight", [publishedShape.vocab_size, width]],
    ...blocks.flat(),
    ["norm.weight", [width]],
  ];
}

/** Writes checkpoint.pt (tied embeddings, about 205 MB) and tokenizer.json, and returns their paths. */
export async function writePublished(folder: string) {
  const storages: Record<string, Uint8Array> = {};
  const members = tensorShapes().map(([name, shape], index) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    const size = name.startsWith("tok") ? 2 : 3.4 / Math.sqrt(shape[1] ?? 1);
    const values = new Float32Array(elements);
    if (shape.length === 1) values.fill(1);
    else fillRandom(values, index + 1, size);
    storages[index] = new Uint8Array(values.buffer);
    return concat([text(name), tensorCode({ key: String(index), elements, shape })]);
  });
  const state = concat([dictOf([]), raw(0x28), ...members, setItems]);
  const object = concat([
    dictOf([["model_cfg", publishedShape]]),
    raw(0x28),
    text("model_state"),
    state,
    setItems,
  ]);
  const checkpoint = join(folder, "checkpoint.pt");
  const tokenizer = join(folder, "tokenizer.json");
  await writeFile(checkpoint, torchArchive(pickleOf(object), storages));
  await writeFile(tokenizer, JSON.stringify(randomTokenizer()));
  return { checkpoint, tokenizer };
}

/**
 * A byte-level BPE with the alphabet, `<s>`, the words of the default prompt (so that it takes as many tokens as with a
 * tokenizer of English), and random merges up to the vocabulary's size.
 */
export function randomTokenizer(): object {
  const random = randomNumbers(2);
  const tokens = ["<s>", ...byteAlphabet()];
  const known = new Set(tokens);
  const letters = tokens.filter((token) => /^[a-z\u0120]$/.test(token));
  const words = [...letters];
  const merges: [string, string][] = [];
  for (const word of `${defaultSystem} ${defaultTemplate}`.match(/ ?[A-Za-z]+/g) ?? []) {
    const letters = [...word.replace(" ", "\u0120")];
    for (let length = 2; length <= letters.length; length++) {
      const merged = letters.slice(0, length).join("");
      if (known.has(merged)) continue;
      known.add(merged);
      tokens.push(merged);
      merges.push([letters.slice(0, length - 1).join(""), letters[length - 1]!]);
    }
  }
  while (tokens.length < publishedShape.vocab_size) {
    const left = words[Math.floor(random() * words.length)]!;
    const right = words[Math.floor(random() * words.length)]!;
    const merged = left + right;
    // A space begins a word and is nowhere else.
    if (known.has(merged) || merged.length > 12 || right.startsWith("\u0120")) continue;
    known.add(merged);
    tokens.push(merged);
    words.push(merged);
    merges.push([left, right]);
  }
  const byteLevel = {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: 0,
        content: "<s>",
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** The 256 bytes as byte-level BPE writes them: printable ones as they are, the others from U+0100 on. */
function byteAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}
