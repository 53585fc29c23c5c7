// Makes a folder and those above it, level by level: mkdir's own recursion never ends where the system denies that a parent is there.
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { QragError } from "./errors.ts";

export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  try {
    let folder = path;
    while (!(await isThere(folder)) && dirname(folder) !== folder) {
      missing.push(folder);
      folder = dirname(folder);
    }
    for (const each of missing.reverse()) {
      await mkdir(each).catch((error: NodeJS.ErrnoException) => {
        // Somebody else was faster.
        if (error.code !== "EEXIST") throw error;
      });
    }
    if (!(await stat(path)).isDirectory()) throw new Error("there is a file of this name");
  } catch (cause) {
    const message = `The folder ${path} cannot be made: ${(cause as Error).message}`;
    throw new QragError("OUTPUT_FAILED", message, { cause });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
