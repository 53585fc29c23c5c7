// Temporary files beside what they are to become: named after the process that writes them, swept when it is gone.
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** A new name for what is to become the file at `path`. */
export function partOf(path: string): string {
  const name = `${prefixOf(path)}${process.pid}.${randomBytes(4).toString("hex")}.part`;
  return join(dirname(path), name);
}

/**
 * Removes what killed processes left of the file at `path`. A process id that is in use again keeps its parts until it
 * is free, and those of other machines stay: nobody here knows whether their processes live.
 */
export async function sweepParts(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = prefixOf(path);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const [, pid] = /^([1-9]\d{0,9})\.[0-9a-f]{8}\.part$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || !isGone(Number(pid))) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

function prefixOf(path: string): string {
  return `.${basename(path)}.${machine()}.`;
}

let machineName: string | undefined;

/** The machine, and the container where process ids are its own: what a process id means something in. */
function machine(): string {
  machineName ??= createHash("sha256")
    .update(`${hostname()}\n${processNamespace()}`)
    .digest("hex")
    .slice(0, 8);
  return machineName;
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    // Only Linux has them.
    return "";
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // Any other code is of a process that is there and not ours.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
