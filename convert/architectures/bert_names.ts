// What the name of a BERT's tensor says: the names of Hugging Face, with whatever stands before them, and GGUF's.
import type { Named } from "../roles/named.ts";
import type { NameReader } from "../roles/roles.ts";

/** Hugging Face's modules and GGUF's tensors. `{block}` is a number; each has a weight, and a bias where the last says so. */
const rows: readonly (readonly [source: string, name: string, biased: boolean])[] = [
  ["embeddings.word_embeddings", "token_embd", false],
  ["embeddings.token_type_embeddings", "token_types", false],
  ["embeddings.position_embeddings", "position_embd", false],
  ["embeddings.LayerNorm", "token_embd_norm", true],
  ["encoder.layer.{block}.attention.self.query", "blk.{block}.attn_q", true],
  ["encoder.layer.{block}.attention.self.key", "blk.{block}.attn_k", true],
  ["encoder.layer.{block}.attention.self.value", "blk.{block}.attn_v", true],
  ["encoder.layer.{block}.attention.output.dense", "blk.{block}.attn_output", true],
  ["encoder.layer.{block}.attention.output.LayerNorm", "blk.{block}.attn_output_norm", true],
  ["encoder.layer.{block}.intermediate.dense", "blk.{block}.ffn_up", true],
  ["encoder.layer.{block}.output.dense", "blk.{block}.ffn_down", true],
  ["encoder.layer.{block}.output.LayerNorm", "blk.{block}.layer_output_norm", true],
  ["pooler.dense", "cls", true],
  ["classifier", "cls.output", true],
];

/** TensorFlow's words for the two parts of a norm stand in the oldest checkpoints. */
const endings: Readonly<Record<string, readonly string[]>> = {
  weight: ["weight", "gamma"],
  bias: ["bias", "beta"],
};

/** What wrappers put before the names. */
const wrapping =
  /^(?:(?:bert|model|auto_model|\d+)\.)+(?=(?:embeddings|encoder|pooler|classifier)\.)/;

const numbers = /(?<=^(?:encoder\.layer|blk)\.)\d{1,4}(?=\.)/;

/** A source's name, with its number as {block}, to GGUF's. */
const known = new Map<string, string>();
/** And back, for messages. */
const sources = new Map<string, string>();
for (const [source, name, biased] of rows) {
  for (const [ending, spellings] of Object.entries(endings)) {
    if (ending === "bias" && !biased) continue;
    const target = `${name}.${ending}`;
    known.set(target, target);
    sources.set(target, `${source}.${ending}`);
    for (const spelling of spellings) known.set(`${source}.${spelling}`, target);
  }
}

const buffers = /^embeddings\.(position_ids|token_type_ids)$/;

function readName(name: string): Named | undefined {
  const plain = name.replace(wrapping, "");
  if (buffers.test(plain)) return { drop: "a buffer of counted numbers, not weights" };
  if (/^cls\.(predictions|seq_relationship)\./.test(name)) {
    return { drop: "a head of pretraining, which neither vectors nor labels need" };
  }
  const number = numbers.exec(plain)?.[0];
  const target = known.get(plain.replace(numbers, "{block}"));
  if (target === undefined) return undefined;
  if (!target.startsWith("blk.")) return { kind: target, block: undefined };
  return { kind: target.slice("blk.{block}.".length), block: Number(number) };
}

/** How BERTs name their tensors. A kind is GGUF's name, that of the block left out. */
export const bertNames: NameReader<string> = {
  readName,
  inWords(kind) {
    const source = sources.get(kind) ?? sources.get(`blk.{block}.${kind}`) ?? kind;
    return source.replace("{block}", "N");
  },
  foreign: "Cross-attention, adapters and relative positions do not belong to this architecture.",
};
