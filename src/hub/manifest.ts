// The manifest of an entry of the cache: where its model comes from, and what the file is.
import { isObject } from "../checks.ts";
import type { Digest } from "./digest.ts";

export interface Manifest {
  readonly version: typeof manifestVersion;
  readonly endpoint: string;
  /** As a user would name it, without the revision. */
  readonly source: string;
  /** As the user named it. */
  readonly revision: string;
  readonly commit: string;
  /** What was downloaded. */
  readonly files: readonly { path: string; size: number; digest: Digest }[];
  readonly model: { readonly bytes: number; readonly sha256: string };
  /** The digest of the conversion's options; null for a file that was GGUF already. */
  readonly conversion: string | null;
  readonly created: string;
}

export const manifestVersion = 1;

/** Undefined for anything that this version did not write. */
export function parseManifest(json: string): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.version !== manifestVersion || !isObject(value.model)) {
    return undefined;
  }
  const { endpoint, source, revision, commit, created, conversion, model, files } = value;
  const texts = [endpoint, source, revision, commit, created, model.sha256, conversion ?? ""];
  const sound =
    texts.every((text) => typeof text === "string") &&
    Number.isSafeInteger(model.bytes) &&
    Array.isArray(files);
  return sound ? (value as unknown as Manifest) : undefined;
}
