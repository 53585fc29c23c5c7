// Runs an example as a user in the checkout does: a process of its own, against the sources.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export function start(
  name: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): ChildProcessWithoutNullStreams {
  const command = ["--import", "tsx", join("examples", name), ...args];
  const { LLM_URL: _none, ...own } = process.env;
  return spawn(process.execPath, command, {
    ...{ cwd: root, env: { ...own, ...env } },
    // One that hangs does not outlive the test.
    ...{ timeout: 50_000, killSignal: "SIGKILL" },
  });
}

/** What it printed, once it has ended, and how it ended. */
export async function outcome(child: ChildProcessWithoutNullStreams) {
  const [[code], out, err] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, lines: out.trimEnd().split("\n"), err };
}
