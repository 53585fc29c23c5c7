// A hub's list of a repository at a revision: the commit, and its files with sizes and digests.
import { isObject } from "../checks.ts";
import type { Digest } from "./digest.ts";
import { downloadFailed } from "./errors.ts";

export interface HubFile {
  /** From the repository's root. Must not be used as a path on this machine. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

export interface Listing {
  readonly commit: string;
  /** By path. Files without a size or a digest are left out: they could not be checked. */
  readonly files: ReadonlyMap<string, HubFile>;
}

/** Reads the hub's answer; `source` is its URL. */
export function parseListing(text: string, source: string): Listing {
  const answer = parsed(text);
  const commit = isObject(answer) ? answer.sha : undefined;
  const siblings = isObject(answer) ? answer.siblings : undefined;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit) || !Array.isArray(siblings)) {
    throw downloadFailed(
      `${source} did not answer with a list of files as the hub does. Check HF_ENDPOINT`,
    );
  }
  const files = siblings.map(fileOf).filter((file) => file !== undefined);
  if (files.length === 0 && siblings.length > 0) {
    throw downloadFailed(
      `${source} lists no sizes and digests, so downloads could not be checked. Use another HF_ENDPOINT`,
    );
  }
  return { commit, files: new Map(files.map((file) => [file.path, file])) };
}

function fileOf(sibling: unknown): HubFile | undefined {
  if (!isObject(sibling)) return undefined;
  const { rfilename: path, size, blobId, lfs } = sibling;
  const large = isObject(lfs) ? lfs.sha256 : undefined;
  const digest: Digest | undefined = isHex(large, 64)
    ? { algorithm: "sha256", hex: large }
    : isHex(blobId, 40) && !isObject(lfs)
      ? { algorithm: "git-sha1", hex: blobId }
      : undefined;
  const sound = typeof path === "string" && Number.isSafeInteger(size) && (size as number) >= 0;
  return sound && digest ? { path, size: size as number, digest } : undefined;
}

function isHex(value: unknown, length: number): value is string {
  return typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
