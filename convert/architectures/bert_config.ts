// What a BERT's config.json must say, and what it must not: everything that would be computed otherwise is refused by name.
import { quote } from "../../base/quote.ts";
import type { Config, ConfigValue } from "../checkpoint/config_value.ts";
import { unmapped } from "../errors.ts";

/** Fields that change what is computed, with the value that is supported, which is also that of an absent field. */
const settings: readonly (readonly [field: string, value: ConfigValue, meaning: string])[] = [
  ["hidden_act", "gelu", "GELU by the error function"],
  ["position_embedding_type", "absolute", "absolute positions"],
  ["is_decoder", false, "an encoder"],
  ["add_cross_attention", false, "self-attention"],
];

export function checkBertConfig(config: Config | undefined): asserts config is Config {
  if (!config) {
    throw unmapped("a BERT needs its config.json beside the weights, and there is none");
  }
  const type = config.get("model_type");
  if (type !== undefined && type !== "bert") {
    throw unmapped(
      `the configuration's model_type is ${quote(String(type))}: its tensors are named as BERT's, and it computes otherwise`,
    );
  }
  for (const [field, value, meaning] of settings) {
    const found = config.get(field) ?? value;
    if (found === value) continue;
    throw unmapped(
      `the configuration's ${field} is ${quote(String(found))}; of BERTs only ${quote(String(value))} ` +
        `is supported (${meaning})`,
    );
  }
}

/** The names of `count` labels, in the order of the classifier's rows. */
export function labelNames(config: Config, count: number): string[] {
  const names = config.get("id2label");
  if (!(names instanceof Map)) return Array.from({ length: count }, (_, id) => `LABEL_${id}`);
  if (names.size !== count) {
    throw unmapped(
      `the configuration's id2label names ${names.size} labels, and the classifier has ${count}`,
    );
  }
  return Array.from({ length: count }, (_, id) => {
    const name = names.get(String(id));
    if (typeof name === "string") return name;
    throw unmapped(`the configuration's id2label has no name for label ${id}`);
  });
}
