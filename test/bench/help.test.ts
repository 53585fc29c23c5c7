// The bench's scripts, asked for what they do not know.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";

function run(script: string, option: string) {
  const path = join(packageRoot(), "bench", script);
  return spawnSync(process.execPath, ["--import", "tsx", path, option], { encoding: "utf8" });
}

it.each(["run.ts", "convert.ts", "agreement.ts", "soak.ts", "serve_load.ts", "parity/run.ts"])(
  "%s answers with its usage",
  (script) => {
    const { status, stderr } = run(script, "--nonsense");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^Unknown option '--nonsense'\n\nUsage: /);
    expect(stderr).not.toMatch(/^ {4}at /m);
  },
);

it("--help is no error", () => {
  const { status, stdout, stderr } = run("run.ts", "--help");
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Usage: npm run bench/);
});
