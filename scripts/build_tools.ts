// What the builds of native parts share: running a program, and asking for the tools in time.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const remedies: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    "Debian, Ubuntu: sudo apt-get install cmake g++ git   Fedora: sudo dnf install cmake gcc-c++ git   " +
    "Alpine: apk add cmake g++ make git linux-headers",
  darwin:
    "xcode-select --install, and cmake from https://cmake.org or Homebrew (brew install cmake)",
  win32: "Visual Studio Build Tools with the workload Desktop development with C++, cmake, and git",
};

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

export function answers(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

export function checkTools(): void {
  const compilers = [process.env.CXX, "c++", "g++", "clang++"].filter((name) => name !== undefined);
  const missing = ["cmake", "git"].filter((tool) => !answers(tool));
  // On Windows cmake finds Visual Studio's compiler, which is on no path.
  if (process.platform !== "win32" && !compilers.some(answers)) missing.push("a C++17 compiler");
  if (missing.length === 0) return;
  const remedy = remedies[process.platform] ?? "install them with your system's package manager";
  fail(`building the native part needs ${missing.join(" and ")}.\n  ${remedy}\n  Then: npm ci`);
}
