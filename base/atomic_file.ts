// Writes a file so that its name never stands for half of it: into a temporary file beside it, synced, then renamed.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ByteSink } from "./byte_sink.ts";
import { QragError } from "./errors.ts";

export interface AtomicFileOptions {
  /** Replace a file that is there. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Refuses a path that is taken; worth asking before hours of work, too. */
export function checkFree(path: string, force: boolean): void {
  if (force || !existsSync(path)) return;
  throw new QragError(
    "OUTPUT_FAILED",
    `${path} exists; choose another name, or --force to replace it`,
  );
}

/** Runs `write` with a sink. The file appears when it has ended well; otherwise everything is as before. */
export async function writeAtomically(
  path: string,
  { force = false, signal }: AtomicFileOptions,
  write: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  checkFree(path, force);
  const name = `.${basename(path)}.${randomBytes(6).toString("hex")}.part`;
  const temporary = join(dirname(path), name);
  const file = await attempt(path, () => open(temporary, "wx"));
  try {
    try {
      await write({ write: (bytes) => writeAll(file, bytes, path, signal) });
      await attempt(path, () => file.sync());
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    checkFree(path, force);
    await attempt(path, () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  for (let done = 0; done < bytes.length; ) {
    done += (await attempt(path, () => file.write(bytes, done))).bytesWritten;
  }
}

async function attempt<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QragError("OUTPUT_FAILED", `${path} cannot be written: ${reason}`, { cause: error });
  }
}

/** Makes the new name itself durable. Not every system can open a folder; the file is complete either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}
