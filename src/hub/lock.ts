// A lock for an entry of the cache: a file that its owner keeps touching, so that a killed process's gets old.
import { randomBytes } from "node:crypto";
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { storing } from "./errors.ts";
import { pause } from "./retry.ts";

const touchMs = 2_000;
/** Longer than an event loop may be blocked between two touches. */
const oldMs = 15_000;
const lookMs = 200;

/**
 * Runs `work` when nobody else holds the lock. Two processes that find the same old lock at the same moment may both go
 * on: they then write the same bytes to the same places, and every file is checked before it gets its name.
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const mark = randomBytes(8).toString("hex");
  while (!(await storing(path, () => take(path, mark)))) await pause(lookMs, signal);
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, touchMs);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    // A process that was suspended may have lost it.
    const held = await readFile(path, "utf8").catch(() => "");
    if (held === mark) await rm(path, { force: true });
  }
}

export async function isLocked(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  // In both directions: clocks are set back, too.
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) < oldMs;
}

async function take(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!(await isLocked(path))) await rm(path, { force: true });
    return false;
  }
}
