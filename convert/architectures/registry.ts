// The families of checkpoints, the most particular first.
import type { Config } from "../checkpoint/config_value.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { bert } from "./bert.ts";
import { decoder } from "./decoder.ts";
import type { Family } from "./family.ts";

/** The last one recognises everything. */
export const families: readonly Family[] = [bert, decoder];

export function familyOf(
  config: Config | undefined,
  tensors: ReadonlyMap<string, SourceTensor>,
): Family {
  return families.find((family) => family.recognises(config, tensors))!;
}
