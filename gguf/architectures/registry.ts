// The architectures that files may have, by name.
import type { Architecture } from "./architecture.ts";
import { bert } from "./bert.ts";
import { llama } from "./llama.ts";
import { qrag } from "./qrag.ts";

/** Those that the engine computes. */
export const engineArchitectures: readonly Architecture[] = [qrag, bert];

/** All that are read and written: llama.cpp alone computes the others. */
export const architectures: readonly Architecture[] = [...engineArchitectures, llama];

/** The architecture of a model that was described. */
export function architectureNamed(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (!found) throw new TypeError(`no architecture is named ${name}`);
  return found;
}
