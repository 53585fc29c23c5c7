// Every script of package.json that is our own, asked what it does and for what it does not know.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";

const { scripts } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Once each file: with other options it answers alike. */
const files = new Set(
  Object.values(scripts).flatMap((command) => {
    return /^tsx ((?:scripts|bench)\/\S+)/.exec(command)?.slice(1) ?? [];
  }),
);

function run(script: string, ...options: string[]) {
  const command = ["--import", "tsx", join(packageRoot(), script), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe.each([...files])("%s", (script) => {
  it("says what it does with --help, and does nothing", () => {
    const { status, stdout, stderr } = run(script, "--help");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage:\s/);
  });

  it("refuses an option that there is not, in a line", () => {
    const { status, stdout, stderr } = run(script, "--nonsense");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^.*unknown option ["']--nonsense["'] \(--help says which there are\)\n$/i,
    );
  });
});

it("there are scripts to ask", () => {
  expect(files.size).toBeGreaterThan(8);
});

it("npm run bench:kernels -- --help builds nothing", () => {
  const { status, stdout } = run("scripts/build_native.ts", "--bench", "--help");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage:\s/);
});

it.each([
  ["scripts/check_tokenizer.ts", ["--texts", "many"], /whole number of at least 1 for --texts/],
  ["scripts/build_llama.ts", ["--sever"], /^unknown option "--sever"; did you mean --server\?/],
  ["scripts/build_llama.ts", ["extra"], /^Unexpected argument 'extra'/],
  ["scripts/build_native.ts", ["extra"], /^qrag: unexpected argument "extra"/],
  ["bench/convert.ts", ["a", "b"], /^Unexpected argument 'a'/],
] as const)("%s %j is refused in a line", (script, args, line) => {
  const { status, stderr } = run(script, ...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(line);
  expect(stderr.trimEnd()).not.toContain("\n");
});
