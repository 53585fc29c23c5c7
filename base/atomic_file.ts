// Writes a file so that its name never stands for half of it: into a temporary file beside it, synced, then given its name.
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { type FileHandle, link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ByteSink } from "./byte_sink.ts";
import { QragError } from "./errors.ts";
import { partOf, sweepParts } from "./part_files.ts";

export interface AtomicFileOptions {
  /** Replace a file that is there. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Refuses a path that is taken, or leads to what is no file; worth asking before hours of work, too. */
export function checkFree(path: string, force: boolean): void {
  targetOf(path, force);
}

/** Runs `write` with a sink. The file appears when it has ended well; otherwise everything is as before. */
export async function writeAtomically(
  path: string,
  { force = false, signal }: AtomicFileOptions,
  write: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  const target = targetOf(path, force);
  await sweepParts(target);
  const temporary = partOf(target);
  const file = await attempt(path, () => open(temporary, "wx"));
  try {
    try {
      await write({ write: (bytes) => writeAll(file, bytes, path, signal) });
      await attempt(path, () => file.sync());
    } finally {
      await file.close();
    }
    signal?.throwIfAborted();
    if (targetOf(path, force) !== target) throw failed(path, "became another link meanwhile");
    await attempt(path, () => (force ? rename(temporary, target) : claim(temporary, target)));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(target));
}

/**
 * The file that is to appear: `path`, or what the link there leads to, so that a link stays a link. With `force` a
 * regular file is replaced, and nothing else ever: not a device, not a pipe, not a link to nowhere.
 */
function targetOf(path: string, force: boolean): string {
  const [own, found] = attemptSync(path, () => {
    const absent = { throwIfNoEntry: false } as const;
    return [lstatSync(path, absent), statSync(path, absent)] as const;
  });
  if (!own) return path;
  if (found && !found.isFile()) throw failed(path, `is ${kindOf(found)}; only files are replaced`);
  if (!force) throw taken(path);
  if (!found) throw failed(path, "is a link to a file that does not exist; remove it");
  return own.isSymbolicLink() ? attemptSync(path, () => realpathSync(path)) : path;
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return "a folder";
  return found.isFIFO() ? "a pipe" : found.isSocket() ? "a socket" : "a device";
}

/** Gives a file its name unless something has that name, were it only for a moment. */
async function claim(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (isTaken(error)) throw taken(path);
    // A file system without hard links, as on memory cards: an empty file keeps the name for the rename.
    await rename(temporary, await reserved(path)).catch(async (error) => {
      await rm(path);
      throw error;
    });
  }
}

async function reserved(path: string): Promise<string> {
  try {
    await (await open(path, "wx")).close();
    return path;
  } catch (error) {
    throw isTaken(error) ? taken(path) : error;
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EEXIST";
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
    throw explained(path, error);
  }
}

function attemptSync<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): QragError {
  if (error instanceof QragError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return failed(path, `cannot be written: ${reason}`, error);
}

function taken(path: string): QragError {
  return failed(path, "exists; choose another name, or --force to replace it");
}

function failed(path: string, problem: string, cause?: unknown): QragError {
  return new QragError("OUTPUT_FAILED", `${path} ${problem}`, { cause });
}

/** Makes the new name itself durable. Not every system can open a folder; the file is complete either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}
