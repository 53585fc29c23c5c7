// What makes a qrag model: its sizes, its metadata keys and its tensors, as tables that reading and writing share.
import { type TensorTypeName, tensorTypeNames } from "./format.ts";
import type { Prompt } from "./prompt.ts";

export const architectureName = "qrag";

/** The decision rows, under the name by which llama.cpp and node-llama-cpp know a model that ranks. */
export const decisionTensor = "cls.output.weight";
/** What the first files called it. */
export const earlierDecisionTensor = "decision.weight";

/** What llama.cpp and node-llama-cpp build a prompt to rank with from. */
export const rerankTemplateKey = "tokenizer.chat_template.rerank";

/** The sizes of a model. */
export interface Hyperparameters {
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly blockCount: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly headCountKv: number;
  /** Width of one head. */
  readonly keyLength: number;
  /** How many dimensions of a head RoPE turns; even, at most keyLength. */
  readonly ropeDimensionCount: number;
  readonly vocabularySize: number;
  /** Rows of the decision tensor. */
  readonly decisionCount: number;
  readonly normEpsilon: number;
  readonly ropeFreqBase: number;
}

/** The vocabulary entries that stand for a digit: row i of the decision tensor is the head's row tokenIds[i]. */
export interface Decision {
  readonly tokenIds: readonly number[];
  readonly labels: readonly ("0" | "1")[];
}

/** What a file's metadata says about the model. */
export interface ModelMetadata {
  readonly numbers: Hyperparameters;
  readonly name: string | undefined;
  readonly prompt: Prompt;
  readonly decision: Decision;
  readonly tokenizerJson: string;
  /** The head is the embedding; otherwise it is output.weight, or was left out. */
  readonly tiedEmbeddings: boolean;
  /** What the converter found out, as JSON for `qrag verify`. Nothing else reads it. */
  readonly conversionReport: string | undefined;
}

/** The numbers that have a key of their own; the other two are the lengths of token_embd and of the decision arrays. */
export type KeyedNumber = Exclude<keyof Hyperparameters, "vocabularySize" | "decisionCount">;

/** A key that must have exactly this type: what stock programs write, and llama.cpp insists on. */
export interface KeyRow {
  readonly key: string;
  readonly type: "u32" | "f32" | "bool" | "string" | "i32[]" | "string[]";
  readonly required: boolean;
}

export interface NumberRow extends KeyRow {
  readonly type: "u32" | "f32";
  readonly number: KeyedNumber;
  /** The allowed values, in words and as a test. They keep every product of sizes far inside 2^53. */
  readonly range: string;
  readonly holds: (value: number) => boolean;
  /** The value of an absent key, out of the numbers of the rows before it. */
  readonly otherwise?: (known: Readonly<Record<KeyedNumber, number>>) => number;
}

export const maxVocabulary = 2 ** 22;
/** A vocabulary holds a handful of tokens that strip to one digit. */
export const maxDecisionRows = 1024;

const size = (most: number) => ({
  type: "u32" as const,
  required: true,
  range: `from 1 to ${most}`,
  holds: (value: number) => value >= 1 && value <= most,
});

const positive = (most: number) => ({
  type: "f32" as const,
  required: true,
  range: `above 0 and below ${most}`,
  holds: (value: number) => value > 0 && value < most,
});

/** The names after the first dot are llama.cpp's, so that a `llama` file takes the same rows. */
export const numberTable: readonly NumberRow[] = [
  { key: "qrag.context_length", number: "contextLength", ...size(2 ** 20) },
  { key: "qrag.embedding_length", number: "embeddingLength", ...size(2 ** 16) },
  { key: "qrag.block_count", number: "blockCount", ...size(512) },
  { key: "qrag.feed_forward_length", number: "feedForwardLength", ...size(2 ** 18) },
  { key: "qrag.attention.head_count", number: "headCount", ...size(1024) },
  { key: "qrag.attention.head_count_kv", number: "headCountKv", ...size(1024) },
  {
    key: "qrag.attention.key_length",
    number: "keyLength",
    ...size(1024),
    required: false,
    otherwise: ({ embeddingLength, headCount }) => embeddingLength / headCount,
  },
  { key: "qrag.attention.layer_norm_rms_epsilon", number: "normEpsilon", ...positive(1) },
  {
    key: "qrag.rope.dimension_count",
    number: "ropeDimensionCount",
    ...size(1024),
    required: false,
    otherwise: ({ keyLength }) => keyLength,
  },
  { key: "qrag.rope.freq_base", number: "ropeFreqBase", ...positive(1e12) },
];

/** Every key this architecture knows. Another key under `qrag.` may change what the weights mean, so it is refused. */
export const keyTable: readonly KeyRow[] = [
  { key: "general.architecture", type: "string", required: true },
  { key: "general.name", type: "string", required: false },
  ...numberTable,
  { key: "qrag.decision.token_ids", type: "i32[]", required: true },
  { key: "qrag.decision.labels", type: "string[]", required: true },
  { key: "qrag.tied_embeddings", type: "bool", required: true },
  { key: "qrag.conversion.report", type: "string", required: false },
  { key: "qrag.prompt.system", type: "string", required: true },
  { key: "qrag.prompt.template", type: "string", required: true },
  { key: rerankTemplateKey, type: "string", required: false },
  { key: "tokenizer.huggingface.json", type: "string", required: true },
];

export type SizeName =
  | "embedding"
  | "feedForward"
  | "vocabulary"
  | "query"
  | "keyValue"
  | "ropeHalf"
  | "decision";

/** A row of the table of tensors. `{block}` in a name runs over the blocks; `shape` names sizes, row length first. */
export interface TensorRow {
  readonly name: string;
  readonly shape: readonly SizeName[];
  readonly types: readonly TensorTypeName[];
  readonly required: boolean;
}

const matrix = { types: tensorTypeNames, required: true };
/** Small and sensitive: norms and decision rows are never quantized. */
const exact = { types: ["F32"] as const, required: true };

/** The loader in native/engine holds the same table; a test compares the two. */
export const tensorTable: readonly TensorRow[] = [
  { name: "token_embd.weight", shape: ["embedding", "vocabulary"], ...matrix },
  { name: "blk.{block}.attn_norm.weight", shape: ["embedding"], ...exact },
  { name: "blk.{block}.attn_q.weight", shape: ["embedding", "query"], ...matrix },
  { name: "blk.{block}.attn_k.weight", shape: ["embedding", "keyValue"], ...matrix },
  { name: "blk.{block}.attn_v.weight", shape: ["embedding", "keyValue"], ...matrix },
  { name: "blk.{block}.attn_output.weight", shape: ["query", "embedding"], ...matrix },
  { name: "blk.{block}.ffn_norm.weight", shape: ["embedding"], ...exact },
  { name: "blk.{block}.ffn_gate.weight", shape: ["embedding", "feedForward"], ...matrix },
  { name: "blk.{block}.ffn_up.weight", shape: ["embedding", "feedForward"], ...matrix },
  { name: "blk.{block}.ffn_down.weight", shape: ["feedForward", "embedding"], ...matrix },
  { name: "output_norm.weight", shape: ["embedding"], ...exact },
  { name: decisionTensor, shape: ["embedding", "decision"], ...exact },
  { name: "output.weight", shape: ["embedding", "vocabulary"], ...matrix, required: false },
  { name: "rope_freqs.weight", shape: ["ropeHalf"], ...exact, required: false },
];

/** Tensors of a routed decision head are kept in the file and not read. */
export const routerPrefix = "router.";

/** A row made concrete: one tensor of one model. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly types: readonly TensorTypeName[];
  readonly required: boolean;
}

/** Every tensor a model of these sizes may hold, in the order they are written. */
export function expectedTensors(numbers: Hyperparameters): ExpectedTensor[] {
  const sizes: Record<SizeName, number> = {
    embedding: numbers.embeddingLength,
    feedForward: numbers.feedForwardLength,
    vocabulary: numbers.vocabularySize,
    query: numbers.headCount * numbers.keyLength,
    keyValue: numbers.headCountKv * numbers.keyLength,
    ropeHalf: numbers.ropeDimensionCount / 2,
    decision: numbers.decisionCount,
  };
  const isBlock = ({ name }: TensorRow) => name.includes("{block}");
  const concrete = (row: TensorRow, block: number): ExpectedTensor => ({
    ...row,
    name: row.name.replace("{block}", String(block)),
    shape: row.shape.map((name) => sizes[name]),
  });
  const firstBlock = tensorTable.findIndex(isBlock);
  const lastBlock = tensorTable.findLastIndex(isBlock);
  const blocks = Array.from({ length: numbers.blockCount }, (_, block) =>
    tensorTable.slice(firstBlock, lastBlock + 1).map((row) => concrete(row, block)),
  );
  return [
    ...tensorTable.slice(0, firstBlock).map((row) => concrete(row, 0)),
    ...blocks.flat(),
    ...tensorTable.slice(lastBlock + 1).map((row) => concrete(row, 0)),
  ];
}
