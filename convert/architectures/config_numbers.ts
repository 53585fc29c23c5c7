// What a configuration says about a model, under any of the names that training scripts use.
import { quote } from "../../base/quote.ts";
import type { Config, ConfigValue } from "../checkpoint/config_value.ts";
import { unmapped } from "../errors.ts";

/** A number and the name of the field it was read from. */
export interface Stated<T = number> {
  readonly value: T;
  readonly field: string;
}

const numberFields = {
  embeddingLength:
    "d_model n_embd hidden_size dim embed_dim emb_dim n_embed model_dim embedding_dim embedding_length",
  blockCount: "n_layers n_layer num_hidden_layers num_layers n_blocks num_blocks depth block_count",
  headCount:
    "n_heads n_head num_attention_heads num_heads heads n_q_heads num_q_heads num_query_heads head_count",
  headCountKv:
    "n_kv_heads n_kv_head num_key_value_heads num_kv_heads kv_heads n_kv n_query_groups num_query_groups head_count_kv",
  keyLength: "head_dim d_head head_size dim_head key_length",
  feedForwardLength:
    "d_ff intermediate_size hidden_dim ffn_dim ff_dim d_ffn ffn_hidden_size ffn_hidden_dim mlp_dim n_inner " +
    "feed_forward_length",
  vocabularySize: "vocab_size n_vocab vocabulary_size padded_vocab_size",
  contextLength:
    "max_seq_len block_size context_length max_position_embeddings n_positions n_ctx max_seq_length seq_len " +
    "context_len ctx_len max_len max_length context_size",
  ropeDimensionCount: "rotary_dim rope_dim rotary_ndims rope_dimension_count",
  ropeFraction: "partial_rotary_factor rotary_pct rope_fraction",
  ropeBase: "rope_theta rope_base theta rotary_base rotary_emb_base rope_freq_base",
  normEpsilon: "norm_eps rms_norm_eps rms_eps layer_norm_eps layer_norm_epsilon norm_epsilon eps",
} as const;

export type ConfigNumber = keyof typeof numberFields;

const interleavedFields = "rope_interleaved rotary_interleaved interleaved_rope";

/** Settings that change what the weights compute. A word that is not known here is left to the proof. */
const activationFields = "hidden_act activation activation_function act_fn hidden_activation";
const otherActivations =
  "gelu gelu_new gelu_fast gelu_pytorch_tanh quick_gelu geglu relu relu2 reglu tanh sigmoid mish";

export interface ConfigNumbers {
  readonly numbers: ReadonlyMap<ConfigNumber, Stated>;
  /** The RoPE order, if it is stated. */
  readonly interleaved: Stated<boolean> | undefined;
}

export function readConfigNumbers(config: Config | undefined): ConfigNumbers {
  const numbers = new Map<ConfigNumber, Stated>();
  if (!config) return { numbers, interleaved: undefined };
  for (const [number, fields] of Object.entries(numberFields) as [ConfigNumber, string][]) {
    const stated = fractions.includes(number)
      ? findField(config, fields, "a positive number", isPositive)
      : findField(config, fields, "a positive whole number", isSize);
    if (stated) numbers.set(number, stated);
  }
  const interleaved = findField(config, interleavedFields, "true or false", isBoolean);
  return { numbers, interleaved };
}

/** The size that the tensors have; a configuration that says another is refused. */
export function agreed({ numbers }: ConfigNumbers, number: ConfigNumber, value: number): number {
  const other = numbers.get(number);
  if (!other || other.value === value) return value;
  throw unmapped(
    `the configuration's ${other.field} is ${other.value}, but the tensors have ${value}`,
  );
}

const fractions: readonly ConfigNumber[] = ["ropeFraction", "ropeBase", "normEpsilon"];
const isSize = (value: ConfigValue): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0;
const isPositive = (value: ConfigValue): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
const isBoolean = (value: ConfigValue): value is boolean => typeof value === "boolean";

/** The first of the fields that is there. Fields that are there twice under two names must agree. */
function findField<T extends ConfigValue>(
  config: Config,
  fields: string,
  wanted: string,
  holds: (value: ConfigValue) => value is T,
): Stated<T> | undefined {
  let found: Stated<T> | undefined;
  for (const field of fields.split(" ")) {
    const value = config.get(field);
    if (value === undefined || value === null) continue;
    if (!holds(value)) {
      throw unmapped(
        `the configuration's ${field} is ${quote(String(value))}; ${wanted} is expected`,
      );
    }
    if (found && found.value !== value) {
      throw unmapped(
        `the configuration contradicts itself: ${found.field} is ${found.value}, ${field} is ${value}`,
      );
    }
    found ??= { value, field };
  }
  return found;
}

/** A decoder here is SwiGLU and plain RoPE. */
export function refuseOtherArithmetic(config: Config = new Map()): void {
  for (const field of activationFields.split(" ")) {
    const value = config.get(field);
    if (typeof value === "string" && otherActivations.split(" ").includes(value.toLowerCase())) {
      throw unmapped(`the configuration's ${field} is ${value}; only SwiGLU (silu) is supported`);
    }
  }
  const scaling = config.get("rope_scaling") ?? null;
  if (scaling !== null) {
    throw unmapped(
      "the configuration has rope_scaling; scaled rotary frequencies are not supported",
    );
  }
}
