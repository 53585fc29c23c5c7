// What the builds of native parts share: running a program, and asking for the tools in time.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { installAdvice, missingTools } from "../native/compile/tools.ts";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The code 2 is for a command line that cannot be understood. */
export function fail(message: string, code: 1 | 2 = 1): never {
  console.error(`qrag: ${message}`);
  process.exit(code);
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function run(command: string, args: readonly string[], options: RunOptions = {}): void {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) fail(`${command} ${args[0]} failed (see above)`);
}

export function checkTools(): void {
  const missing = missingTools("git");
  if (missing.length === 0) return;
  const needs = `building the native part needs ${missing.join(" and ")}.`;
  fail(`${needs}\n${installAdvice("git")}\n  Then: npm ci`);
}
