// The weight types as the command line spells them.
import { type TensorTypeName, tensorTypeNames } from "../../gguf/format.ts";
import { oneOf } from "./arguments.ts";

const spelled = tensorTypeNames.map((name) => name.toLowerCase());

export const typeNames = spelled.join(", ");

export function weightType(text: string, option: string): TensorTypeName {
  return tensorTypeNames[spelled.indexOf(oneOf(text.toLowerCase(), spelled, option))]!;
}
