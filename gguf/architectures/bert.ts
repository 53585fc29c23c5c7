// The architecture "bert": an encoder in llama.cpp's own layout, a classifier of pairs or for vectors, with keys of ours.
import { GgufError, tensorTypeNames } from "../format.ts";
import {
  type Architecture,
  type Entry,
  type Frame,
  type Hyperparameters,
  type KeyValues,
  type ModelMetadata,
  type Output,
  positive,
  refuse,
  size,
  type TensorRow,
} from "./architecture.ts";

const keys = {
  causal: "bert.attention.causal",
  pooling: "bert.pooling_type",
  labels: "bert.classifier.output_labels",
  query: "qrag.frame.query",
  passage: "qrag.frame.passage",
  normalize: "qrag.output.normalize",
} as const;

/** llama.cpp's numbers. A classifier ranks. */
const poolingTypes = { mean: 1, cls: 2, rank: 4 } as const;

/** A prefix is a sentence at most. */
const maxPrefix = 4096;

const matrix = { types: tensorTypeNames, required: true };
/** Small and sensitive. */
const exact = { types: ["F32"] as const, required: true };
const head = { ...exact, only: "labels" as const };

const tensors: readonly TensorRow[] = [
  { name: "token_embd.weight", shape: ["embedding", "vocabulary"], ...matrix },
  { name: "token_types.weight", shape: ["embedding", "tokenTypes"], ...exact },
  { name: "position_embd.weight", shape: ["embedding", "positions"], ...exact },
  { name: "token_embd_norm.weight", shape: ["embedding"], ...exact },
  { name: "token_embd_norm.bias", shape: ["embedding"], ...exact },
  { name: "blk.{block}.attn_q.weight", shape: ["embedding", "query"], ...matrix },
  { name: "blk.{block}.attn_q.bias", shape: ["query"], ...exact },
  { name: "blk.{block}.attn_k.weight", shape: ["embedding", "keyValue"], ...matrix },
  { name: "blk.{block}.attn_k.bias", shape: ["keyValue"], ...exact },
  { name: "blk.{block}.attn_v.weight", shape: ["embedding", "keyValue"], ...matrix },
  { name: "blk.{block}.attn_v.bias", shape: ["keyValue"], ...exact },
  { name: "blk.{block}.attn_output.weight", shape: ["query", "embedding"], ...matrix },
  { name: "blk.{block}.attn_output.bias", shape: ["embedding"], ...exact },
  { name: "blk.{block}.attn_output_norm.weight", shape: ["embedding"], ...exact },
  { name: "blk.{block}.attn_output_norm.bias", shape: ["embedding"], ...exact },
  { name: "blk.{block}.ffn_up.weight", shape: ["embedding", "feedForward"], ...matrix },
  { name: "blk.{block}.ffn_up.bias", shape: ["feedForward"], ...exact },
  { name: "blk.{block}.ffn_down.weight", shape: ["feedForward", "embedding"], ...matrix },
  { name: "blk.{block}.ffn_down.bias", shape: ["embedding"], ...exact },
  { name: "blk.{block}.layer_output_norm.weight", shape: ["embedding"], ...exact },
  { name: "blk.{block}.layer_output_norm.bias", shape: ["embedding"], ...exact },
  // The pooler, where llama.cpp's graph wants it, and the classifier.
  { name: "cls.weight", shape: ["embedding", "embedding"], ...head },
  { name: "cls.bias", shape: ["embedding"], ...head },
  { name: "cls.output.weight", shape: ["embedding", "output"], ...head },
  { name: "cls.output.bias", shape: ["output"], ...head },
];

export const bert: Architecture = {
  name: "bert",
  numbers: [
    { number: "contextLength", key: "bert.context_length", ...size(2 ** 20) },
    { number: "embeddingLength", key: "bert.embedding_length", ...size(2 ** 16) },
    { number: "blockCount", key: "bert.block_count", ...size(512) },
    { number: "feedForwardLength", key: "bert.feed_forward_length", ...size(2 ** 18) },
    { number: "headCount", key: "bert.attention.head_count", ...size(1024) },
    { number: "normEpsilon", key: "bert.attention.layer_norm_epsilon", ...positive(1) },
    { number: "tokenTypeCount", key: "tokenizer.ggml.token_type_count", ...size(16) },
    { number: "vocabularySize", ...size(2 ** 22) },
    { number: "outputCount", ...size(1024), only: "labels" },
  ],
  tensors,
  keys: [
    { key: keys.causal, type: "bool", required: true },
    { key: keys.pooling, type: "u32", required: true },
    { key: keys.labels, type: "string[]", required: false },
    { key: keys.query, type: "string", required: false },
    { key: keys.passage, type: "string", required: false },
    { key: keys.normalize, type: "bool", required: false },
  ],
  derive: ({ headCount, embeddingLength }) => ({
    headCountKv: headCount,
    keyLength: embeddingLength / headCount,
  }),
  check({ headCount, embeddingLength, keyLength }: Hyperparameters) {
    if (Number.isInteger(keyLength)) return;
    const problem = `${headCount} heads do not divide the embedding length ${embeddingLength}`;
    refuse("bert.attention.head_count", problem);
  },
  describe(values) {
    if (values.get(keys.causal) !== false) refuse(keys.causal, "is true, expected false");
    return { ...outputAndFrame(values), tiedEmbeddings: false };
  },
  compose,
};

function outputAndFrame(values: KeyValues): { output: Output; frame: Frame } {
  const type = values.get(keys.pooling) as number;
  if (type === poolingTypes.rank) {
    for (const key of [keys.query, keys.passage, keys.normalize]) {
      if (values.has(key)) refuse(key, "belongs to a model for vectors, and this one classifies");
    }
    return { output: { kind: "labels", names: labelsOf(values) }, frame: { kind: "pair" } };
  }
  const pooling = (["mean", "cls"] as const).find((name) => poolingTypes[name] === type);
  if (pooling === undefined) {
    const known = "1 (mean), 2 (cls) and 4 (rank) are known";
    throw new GgufError("unsupported", `is ${type}; ${known}`, { key: keys.pooling });
  }
  if (values.has(keys.labels)) refuse(keys.labels, "belongs to a classifier, and this one pools");
  const normalize = values.get(keys.normalize) as boolean | undefined;
  if (normalize === undefined) refuse(keys.normalize, "this key is missing");
  const [query, passage] = [prefixOf(values, keys.query), prefixOf(values, keys.passage)];
  return {
    output: { kind: "vector", pooling, normalize },
    frame: { kind: "text", query, passage },
  };
}

function labelsOf(values: KeyValues): readonly string[] {
  const names = values.get(keys.labels) as readonly string[] | undefined;
  if (names === undefined) refuse(keys.labels, "this key is missing");
  if (names.length !== 1 && names.length !== 2) {
    refuse(keys.labels, `has ${names.length} labels, expected one or two`);
  }
  return names;
}

function prefixOf(values: KeyValues, key: string): string {
  const prefix = (values.get(key) as string | undefined) ?? "";
  if (prefix.length > maxPrefix) refuse(key, `is longer than ${maxPrefix} characters`);
  return prefix;
}

function compose({ output, frame }: ModelMetadata): readonly Entry[] {
  const causal: Entry = [keys.causal, { type: "bool", value: false }];
  if (output.kind === "labels" && frame.kind === "pair") {
    return [
      causal,
      [keys.pooling, { type: "u32", value: poolingTypes.rank }],
      [keys.labels, { type: "array", of: "string", value: output.names }],
    ];
  }
  if (output.kind !== "vector" || output.pooling === "last" || frame.kind !== "text") {
    throw new TypeError("a BERT classifies pairs, or pools the vectors of a text");
  }
  return [
    causal,
    [keys.pooling, { type: "u32", value: poolingTypes[output.pooling] }],
    [keys.query, { type: "string", value: frame.query }],
    [keys.passage, { type: "string", value: frame.passage }],
    [keys.normalize, { type: "bool", value: output.normalize }],
  ];
}
