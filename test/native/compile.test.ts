// Compiling from an installed package, with a cmake that is a script: what is left behind when it works, fails, is stopped.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../../base/progress.ts";
import { builtAddon } from "../../native/addon_paths.ts";
import { compileAddon } from "../../native/compile/compile.ts";

let folder: string;
let root: string;
let work: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-compile-"));
  [root, work] = [join(folder, "qrag"), join(folder, "work")];
  for (const each of [root, work, join(folder, "bin")]) await mkdir(each);
  vi.stubEnv("PATH", `${join(folder, "bin")}${delimiter}${process.env.PATH}`);
  vi.stubEnv("TMPDIR", work);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A cmake that configures at once and builds with these commands, in the build's folder. */
async function cmake(build: string): Promise<void> {
  const script = `#!/bin/sh\n[ "$1" = --build ] || exit 0\ncd "$2"\n${build}\n`;
  await writeFile(join(folder, "bin", "cmake"), script, { mode: 0o755 });
}

function compile(signal = new AbortController().signal) {
  const steps: Progress[] = [];
  const onProgress = (progress: Progress) => steps.push(progress);
  return { steps, path: compileAddon({ root, form: "baseline", onProgress, signal }) };
}

describe.skipIf(process.platform === "win32")("compiling", () => {
  it("puts the addon in its place, and leaves nothing else", async () => {
    await cmake("echo '[ 40%] Building a.cc.o'; mkdir Release; printf new > Release/qrag.node");
    const { steps, path } = compile();
    expect(await path).toBe(builtAddon(root, "baseline"));
    expect(readFileSync(await path, "utf8")).toBe("new");
    expect(steps).toEqual([{ done: 40, total: 100 }]);
    expect(readdirSync(work)).toEqual([]);
  });

  it("shows what the compiler said, and keeps the addon that was there", async () => {
    await cmake("printf new > Release.node; echo 'a.cc:1: error: no' >&2; exit 2");
    const there = builtAddon(root, "baseline");
    await mkdir(join(there, ".."), { recursive: true });
    await writeFile(there, "old");
    await expect(compile().path).rejects.toMatchObject({
      code: "NATIVE_MISSING",
      message: expect.stringMatching(/could not be compiled.*\na\.cc:1: error: no\n$/),
    });
    expect(readFileSync(there, "utf8")).toBe("old");
    expect(readdirSync(work)).toEqual([]);
  });

  it("ends the compilers when it is stopped", async () => {
    const started = join(folder, "started");
    await cmake(`sleep 600 & echo $! > ${started}.part; mv ${started}.part ${started}; wait`);
    const stop = new AbortController();
    const { path } = compile(stop.signal);
    path.catch(() => {});
    await vi.waitUntil(() => existsSync(started), { timeout: 20_000 });
    stop.abort(new Error("enough"));
    await expect(path).rejects.toThrow("enough");
    const compiler = Number(readFileSync(started, "utf8"));
    // Its parent is gone, and whoever inherits it may take a moment to bury it.
    await vi.waitUntil(() => !isRunning(compiler), { timeout: 20_000 });
    expect(readdirSync(work)).toEqual([]);
    expect(existsSync(builtAddon(root, "baseline"))).toBe(false);
  });
});

function isRunning(id: number): boolean {
  try {
    // A zombie answers signals, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${id}/status`, "utf8"));
  } catch {}
  try {
    return process.platform !== "linux" && process.kill(id, 0);
  } catch {
    return false;
  }
}
