// The programs that compile the addon: which are missing here, and how to install them.
import { spawnSync } from "node:child_process";

export const buildNeeds = "cmake 3.19 or later and a C++17 compiler (GCC 11, Clang 12 or later)";

const installs: Partial<Record<NodeJS.Platform, (more: string) => string>> = {
  linux: (more) =>
    `Debian, Ubuntu: sudo apt-get install cmake g++ make${more}   ` +
    `Fedora: sudo dnf install cmake gcc-c++ make${more}   ` +
    `Alpine: apk add cmake g++ make linux-headers${more}`,
  darwin: () =>
    "xcode-select --install, and cmake from https://cmake.org or Homebrew (brew install cmake)",
  win32: (more) =>
    `Visual Studio Build Tools with the workload Desktop development with C++, cmake${more}`,
};

/** How this system installs the programs, and `more` beside them; one indented line. */
export function installAdvice(...more: readonly string[]): string {
  const advice = installs[process.platform]?.(more.map((name) => ` ${name}`).join(""));
  return `  ${advice ?? "Install them with your system's package manager."}`;
}

export function answers(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** What is needed, `more` included, and cannot be started. */
export function missingTools(...more: readonly string[]): string[] {
  const missing = ["cmake", ...more].filter((tool) => !answers(tool));
  // On Windows cmake finds Visual Studio's compiler, which is on no path.
  if (process.platform === "win32") return missing;
  if (!process.env.CMAKE_GENERATOR && !answers("make")) missing.push("make");
  const compilers = [process.env.CXX, "c++", "g++", "clang++"].filter((name) => name !== undefined);
  if (!compilers.some(answers)) missing.push("a C++17 compiler");
  return missing;
}
