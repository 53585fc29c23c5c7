// The names of models: a path, or hf:owner/repo, which is a file in the cache and is pulled if it is not there.
import type { Progress } from "../../base/progress.ts";
import { isHubName } from "../hub/reference.ts";
import type { Environment } from "../hub/settings.ts";

export interface NamedModelOptions {
  readonly env?: Environment | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The path for a name. Undefined, which is the package's own model, stays undefined. */
export async function namedModel(
  name: string | undefined,
  { env = process.env, signal, onProgress }: NamedModelOptions = {},
): Promise<string | undefined> {
  if (name === undefined || !isHubName(name)) return name;
  // Loaded only now: opening a path needs none of the code for hubs and conversion.
  const { hubModel } = await import("../hub/pull.ts");
  return hubModel(name, { env, signal, onProgress });
}
