// The patched llama.cpp's build: what it refuses before it begins. That it works is seen where its product is used.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { patchedBuild } from "../../native/llama.cpp/patched_build.ts";

const folder = join(import.meta.dirname, "..", "..", "native", "llama.cpp");
const patch = readFileSync(join(folder, "qrag.patch"), "utf8");

it("knows the patch by its digest, and the patch is small", () => {
  const digest = createHash("sha256").update(patch).digest("hex");
  expect(digest.slice(0, 8)).toBe(patchedBuild.QRAG_PATCH);
  expect(patch.split("\n").length).toBeLessThan(300);
});

it("refuses a project with another node-llama-cpp, or with none", () => {
  const project = mkdtempSync(join(tmpdir(), "qrag-llama-build-"));
  const build = () => {
    const script = join(import.meta.dirname, "..", "..", "scripts", "build_llama.ts");
    const args = ["--import", "tsx", script, "--project", project];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { status, stderr };
  };
  try {
    expect(build()).toEqual({
      status: 1,
      stderr: expect.stringContaining("node-llama-cpp is not installed in"),
    });
    const carrier = join(project, "node_modules", "node-llama-cpp");
    mkdirSync(carrier, { recursive: true });
    writeFileSync(join(carrier, "package.json"), JSON.stringify({ version: "3.0.0" }));
    expect(build()).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /the patch is for node-llama-cpp 3\.\d+\.\d+, and .* has 3\.0\.0/,
      ),
    });
  } finally {
    rmSync(project, { recursive: true });
  }
});
