// The architecture "qrag": a Llama-like decoder that answers with a token, its head cut down to the rows that decide.
import { tensorTypeNames } from "../format.ts";
import {
  type Architecture,
  type Hyperparameters,
  type NumberRow,
  positive,
  refuse,
  size,
  type TensorRow,
} from "./architecture.ts";
import { composeDecision, decisionKeys, describeDecision, maxDecisionRows } from "./decision.ts";

/** The decision rows, under the name by which llama.cpp and node-llama-cpp know a model that ranks. */
export const decisionTensor = "cls.output.weight";

/** Behind the prefix the keys are llama.cpp's, alike for all architectures. */
export const decoderNumbers = (prefix: string): readonly NumberRow[] => [
  { number: "contextLength", key: `${prefix}.context_length`, ...size(2 ** 20) },
  { number: "embeddingLength", key: `${prefix}.embedding_length`, ...size(2 ** 16) },
  { number: "blockCount", key: `${prefix}.block_count`, ...size(512) },
  { number: "feedForwardLength", key: `${prefix}.feed_forward_length`, ...size(2 ** 18) },
  { number: "headCount", key: `${prefix}.attention.head_count`, ...size(1024) },
  { number: "headCountKv", key: `${prefix}.attention.head_count_kv`, ...size(1024) },
  {
    number: "keyLength",
    key: `${prefix}.attention.key_length`,
    ...size(1024),
    otherwise: ({ embeddingLength, headCount }) => embeddingLength / headCount,
  },
  { number: "normEpsilon", key: `${prefix}.attention.layer_norm_rms_epsilon`, ...positive(1) },
  {
    number: "ropeDimensionCount",
    key: `${prefix}.rope.dimension_count`,
    ...size(1024),
    otherwise: ({ keyLength }) => keyLength,
  },
  { number: "ropeFreqBase", key: `${prefix}.rope.freq_base`, ...positive(1e12) },
  { number: "vocabularySize", ...size(2 ** 22) },
  { number: "outputCount", ...size(maxDecisionRows) },
];

export function checkDecoder(prefix: string, numbers: Hyperparameters): void {
  const { headCount, headCountKv, keyLength, ropeDimensionCount = 0 } = numbers;
  if (headCount % headCountKv !== 0) {
    const problem = `${headCountKv} does not divide the ${headCount} heads`;
    refuse(`${prefix}.attention.head_count_kv`, problem);
  }
  if (!Number.isInteger(keyLength)) {
    const problem = "is absent, and the heads do not divide the embedding length";
    refuse(`${prefix}.attention.key_length`, problem);
  }
  if (ropeDimensionCount % 2 !== 0 || ropeDimensionCount > keyLength) {
    const range = `even and at most the key length, ${keyLength}`;
    refuse(`${prefix}.rope.dimension_count`, `is ${ropeDimensionCount}, expected ${range}`);
  }
}

const matrix = { types: tensorTypeNames, required: true };
/** Small and sensitive: norms and decision rows are never quantized. */
const exact = { types: ["F32"] as const, required: true };

const tensors: readonly TensorRow[] = [
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
  { name: decisionTensor, shape: ["embedding", "output"], ...exact },
  { name: "output.weight", shape: ["embedding", "vocabulary"], ...matrix, required: false },
  { name: "rope_freqs.weight", shape: ["ropeHalf"], ...exact, required: false },
];

export const qrag: Architecture = {
  name: "qrag",
  numbers: decoderNumbers("qrag"),
  tensors,
  earlierNames: new Map([["decision.weight", decisionTensor]]),
  keys: decisionKeys,
  check: (numbers) => checkDecoder("qrag", numbers),
  describe: describeDecision,
  compose: composeDecision,
};
