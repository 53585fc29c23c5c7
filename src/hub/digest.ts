// Digests of files as a hub lists them: SHA-256 for large files, git's SHA-1 for small ones.
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";

export interface Digest {
  /** Git hashes "blob", the size and a NUL before the content. */
  readonly algorithm: "sha256" | "git-sha1";
  readonly hex: string;
}

const pieceBytes = 1024 * 1024;

export function startDigest(algorithm: Digest["algorithm"], size: number): Hash {
  return algorithm === "sha256"
    ? createHash("sha256")
    : createHash("sha1").update(`blob ${size}\0`);
}

/** Adds all bytes of a file. */
export async function digestInto(
  hash: Hash,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<void> {
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(piece, 0, pieceBytes, at);
    if (bytesRead === 0) return;
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Whether the file at `path` is the one of this size and digest. */
export async function isFile(
  path: string,
  { size, digest }: { readonly size: number; readonly digest: Digest },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return false;
  try {
    if ((await file.stat()).size !== size) return false;
    const hash = startDigest(digest.algorithm, size);
    await digestInto(hash, file, signal);
    return hash.digest("hex") === digest.hex;
  } finally {
    await file.close();
  }
}

/** The length and the SHA-256 of the file at `path`. */
export async function fileDigest(
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ bytes: number; sha256: string }> {
  const file = await open(path, "r");
  try {
    const { size: bytes } = await file.stat();
    const hash = startDigest("sha256", bytes);
    await digestInto(hash, file, signal);
    return { bytes, sha256: hash.digest("hex") };
  } finally {
    await file.close();
  }
}
