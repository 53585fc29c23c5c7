// Teardown: an environment that ends while native threads work must end cleanly.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { addonPaths } from "../../native/addon_paths.ts";

const folder = mkdtempSync(join(tmpdir(), "qrag-teardown-"));
const script = join(folder, "score_forever.mjs");

beforeAll(async () => {
  // Workers and child processes get plain JavaScript: no loader takes part in their end.
  await build({
    entryPoints: [fileURLToPath(new URL("score_forever.ts", import.meta.url))],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  process.env.QRAG_ADDON ??= [...addonPaths(packageRoot())].find(existsSync)!;
});
afterAll(() => rmSync(folder, { recursive: true }));

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
}

describe("teardown", () => {
  it("of 100 workers in the middle of scoring is clean", async () => {
    for (let round = 0; round < 50; round++) {
      const workers = [new Worker(script), new Worker(script)];
      await Promise.all(workers.map(ready));
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      expect(await Promise.all(workers.map((worker) => worker.terminate()))).toEqual([1, 1]);
    }
  });

  // The addon is loaded by nobody but the worker there: its code may be unloaded under a thread.
  it.each(["worker", "exit", "throw", "return"])(
    "of a whole process, by %s, is clean",
    (ending) => {
      const { status, signal, stderr } = spawnSync(process.execPath, [script, ending], {
        encoding: "utf8",
      });
      expect({ status, signal }, stderr).toEqual({
        status: ending === "throw" ? 1 : 0,
        signal: null,
      });
      if (ending === "throw") expect(stderr).toContain("on purpose");
      else expect(stderr).toBe("");
    },
  );
});
