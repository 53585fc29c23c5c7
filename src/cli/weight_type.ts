// The weight types as the command line spells them, and the options that ask for them.
import type { WeightTypes } from "../../convert/write/types.ts";
import { type TensorTypeName, tensorTypeNames } from "../../gguf/format.ts";
import { oneOf } from "./arguments.ts";

const spelled = tensorTypeNames.map((name) => name.toLowerCase());

export const typeNames = spelled.join(", ");

export const otherTypeOptions = {
  "embedding-type": { type: "string" },
  "ffn-type": { type: "string" },
} as const;

export const otherTypesHelp = `      --embedding-type TYPE  another type for the token embedding
      --ffn-type TYPE        another type for the feed-forward layers, two thirds of a block`;

export function weightType(text: string, option: string): TensorTypeName {
  return tensorTypeNames[spelled.indexOf(oneOf(text.toLowerCase(), spelled, option))]!;
}

export function otherTypes(values: {
  readonly "embedding-type"?: string | undefined;
  readonly "ffn-type"?: string | undefined;
}): Omit<WeightTypes, "type"> {
  const type = (option: keyof typeof otherTypeOptions) =>
    values[option] === undefined ? undefined : weightType(values[option], `--${option}`);
  return { embeddingType: type("embedding-type"), ffnType: type("ffn-type") };
}
