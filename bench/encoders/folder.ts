// The folder that all contenders' files of an encoder are made from, as sentence-transformers and transformers save models.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildSafetensors } from "../../test/convert/safetensors_builder.ts";
import { type EncoderShape, encoderTensors, layerNormEpsilon, type Purpose } from "./shape.ts";
import { randomWordPieces } from "./word_pieces.ts";

/** Writes a model with these weights, and a tokenizer of random words. */
export async function writeEncoder(
  folder: string,
  shape: EncoderShape,
  purpose: Purpose,
  weights: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = encoderTensors(shape, purpose).map(([name, sizes]) => {
    const { buffer, byteOffset, byteLength } = weights.get(name)!;
    const data = new Uint8Array(buffer, byteOffset, byteLength);
    return [name, { dtype: "F32", shape: sizes, data }] as const;
  });
  await writeFile(
    join(folder, "model.safetensors"),
    buildSafetensors(Object.fromEntries(tensors), { format: "pt" }),
  );
  const files = {
    "config.json": configOf(shape, purpose),
    "tokenizer.json": randomWordPieces(shape.vocabulary),
    "tokenizer_config.json": tokenizerConfigOf(shape),
    "special_tokens_map.json": specialTokens,
    ...("pooling" in purpose ? sentenceFiles(shape, purpose.pooling) : {}),
  };
  for (const [name, content] of Object.entries(files)) await writeJson(folder, name, content);
}

async function writeJson(folder: string, name: string, content: unknown): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(content));
}

function configOf(shape: EncoderShape, purpose: Purpose): object {
  const labels = "labels" in purpose ? purpose.labels : 0;
  const names = Array.from({ length: labels }, (_, id) => `LABEL_${id}`);
  return {
    model_type: "bert",
    architectures: [labels > 0 ? "BertForSequenceClassification" : "BertModel"],
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.positions,
    type_vocab_size: 2,
    hidden_act: "gelu",
    layer_norm_eps: layerNormEpsilon,
    pad_token_id: 0,
    position_embedding_type: "absolute",
    ...(labels > 0
      ? {
          id2label: Object.fromEntries(names.map((name, id) => [id, name])),
          label2id: Object.fromEntries(names.map((name, id) => [name, id])),
        }
      : {}),
  };
}

const specialTokens = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

const tokenizerConfigOf = (shape: EncoderShape) => ({
  ...specialTokens,
  tokenizer_class: "BertTokenizer",
  do_lower_case: true,
  model_max_length: shape.positions,
});

function sentenceFiles(shape: EncoderShape, pooling: "mean" | "cls"): Record<string, unknown> {
  const modules = ["Transformer", "Pooling", "Normalize"].map((type, idx) => ({
    idx,
    name: String(idx),
    path: idx === 0 ? "" : `${idx}_${type}`,
    type: `sentence_transformers.models.${type}`,
  }));
  return {
    "modules.json": modules,
    "1_Pooling/config.json": {
      word_embedding_dimension: shape.hidden,
      pooling_mode_cls_token: pooling === "cls",
      pooling_mode_mean_tokens: pooling === "mean",
    },
    "sentence_bert_config.json": { max_seq_length: shape.positions, do_lower_case: false },
  };
}
