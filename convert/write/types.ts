// Which type each weight is to have.
import type { TensorTypeName } from "../../gguf/format.ts";

export interface WeightTypes {
  readonly type: TensorTypeName;
  /** The type of token_embd.weight, if it is to be another. */
  readonly embeddingType?: TensorTypeName | undefined;
  /** The type of the feed-forward layers, two thirds of a block, if it is to be another. */
  readonly ffnType?: TensorTypeName | undefined;
}

export function typeFor(
  tensor: string,
  { type, embeddingType = type, ffnType = type }: WeightTypes,
): TensorTypeName {
  if (tensor === "token_embd.weight") return embeddingType;
  return /\.ffn_\w+\.weight$/.test(tensor) ? ffnType : type;
}
