// The families of checkpoints, the most particular first.
import type { Config } from "../checkpoint/config_value.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { decoder } from "./decoder.ts";
import type { Family } from "./family.ts";

/** The last one recognises everything. */
export const families: readonly Family[] = [decoder];

export function familyOf(
  config: Config | undefined,
  tensors: ReadonlyMap<string, SourceTensor>,
): Family {
  return families.find((family) => family.recognises(config, tensors))!;
}
