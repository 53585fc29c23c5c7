// What the .gitignore and .qragignore files of the folders above a path leave out, as git reads them.
import { lstat, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import ignore from "ignore";
import type { OnUnreadable } from "./unreadable.ts";

/** The later one has the last word. */
export const ruleFiles: readonly string[] = [".gitignore", ".qragignore"];

/** The rules of one folder. */
export interface Rules {
  readonly folder: string;
  readonly matcher: ignore.Ignore;
}

const limits = {
  /** Of one file: the longest that are published for whole languages have 10 KiB. */
  bytes: 64 * 1024,
  /** In one rule: matching takes a time to the power of their number. */
  anyFolders: 4,
} as const;

/** Undefined where the folder has none. */
export async function rulesOf(
  folder: string,
  names: readonly string[],
  onUnreadable: OnUnreadable,
): Promise<Rules | undefined> {
  // As git has it by default.
  const matcher = ignore({ ignorecase: process.platform !== "linux" });
  let found = false;
  for (const name of ruleFiles.filter((each) => names.includes(each))) {
    const path = join(folder, name);
    try {
      matcher.add(rulesIn(await textOf(path), (reason) => onUnreadable({ path, reason })));
      found = true;
    } catch (error) {
      onUnreadable({ path, reason: (error as Error).message });
    }
  }
  return found ? { folder, matcher } : undefined;
}

/** As git does it, a link is not followed. */
async function textOf(path: string): Promise<string> {
  const found = await lstat(path);
  if (!found.isFile()) throw new Error("not a file");
  if (found.size > limits.bytes) throw new Error(`longer than ${limits.bytes} bytes`);
  return (await readFile(path, "utf8")).replace(/^\ufeff/, "");
}

function rulesIn(text: string, onIntricate: (reason: string) => void): string[] {
  return text.split(/\r?\n/).filter((rule) => {
    const intricate = rule.split("**").length - 1 > limits.anyFolders;
    if (intricate) onIntricate(`a rule with more than ${limits.anyFolders} "**" is passed over`);
    return !intricate;
  });
}

/** `rules`: of the folders above the path, the outermost first. The nearest that has a say decides. */
export function isIgnored(path: string, isFolder: boolean, rules: readonly Rules[]): boolean {
  for (const { folder, matcher } of rules.toReversed()) {
    const names = relative(folder, path).split(sep);
    const { ignored, unignored } = matcher.test(names.join("/") + (isFolder ? "/" : ""));
    if (unignored) return false;
    if (!ignored) continue;
    // A folder that a nearer file takes back is walked: then this is a verdict on the folder, not on the path.
    const above = names.slice(0, -1);
    if (above.length === 0 || !matcher.ignores(`${above.join("/")}/`)) return true;
  }
  return false;
}
