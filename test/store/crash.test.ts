// A process that is killed while it writes leaves a store that is whole.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { StoreFile } from "../../src/store/store_file.ts";
import { collect } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path } = folder();
const kills = process.env.QRAG_SLOW ? 1000 : 30;
const script = path("write_forever.cjs");

beforeAll(async () => {
  const root = packageRoot();
  // One plain file starts many times faster than TypeScript does.
  await build({
    entryPoints: [join(root, "test", "store", "write_forever.ts")],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "cjs",
    define: {
      "import.meta.url": JSON.stringify(
        pathToFileURL(join(root, "src", "store", "sqlite.ts")).href,
      ),
    },
  });
});

/** A writer that goes on from a batch, and the batches it has said are in the file. */
function writer(
  file: string,
  first: number,
): { child: ChildProcess; written: number[]; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [script, file, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const written: number[] = [];
  const lines = createInterface(child.stdout!);
  lines.on("line", (line) => written.push(Number(line)));
  return { child, written, ended: Promise.all([once(child, "exit"), once(lines, "close")]) };
}

describe("kill -9", () => {
  it(`at ${kills} moments tears nothing, and loses nothing that was written`, {
    timeout: kills * 20_000,
  }, async () => {
    const file = path();
    let next = 0;
    for (let kill = 0; kill < kills; kill++) {
      const { child, written, ended } = writer(file, next);
      while (written.length === 0 && child.exitCode === null) await sleep(2);
      await sleep(Math.random() * 60);
      child.kill("SIGKILL");
      await ended;
      const last = written.at(-1)!;
      expect(last).toBeGreaterThanOrEqual(next);
      await using store = await openHere(file);
      expect(await store.verify()).toEqual({ ok: true, problems: [] });
      const documents = await collect(store.list());
      const batches = documents.map(({ metadata }) => metadata.batch as number);
      // At most the batch in hand came after the last one that was told.
      expect(Math.max(...batches)).toBeLessThanOrEqual(last + 1);
      expect(batches.filter((batch) => batch === last).length).toBeGreaterThanOrEqual(6);
      next = last + 1;
    }
  });
});

describe("other processes", () => {
  it("may read while one writes, each time one state of the file", {
    timeout: 120_000,
  }, async () => {
    const file = path();
    const { child, written, ended } = writer(file, 0);
    while (written.length < 3 && child.exitCode === null) await sleep(2);
    const reader = new StoreFile();
    const model = { digest: "d".repeat(64), name: "bag", dimensions: 32 };
    reader.open({ path: file, readOnly: true, waitForWriter: 5000, model });
    const vector = new Float32Array(32).fill(32 ** -0.5);
    const request = {
      query: "batch document",
      vector,
      topK: 200,
      filter: undefined,
      explain: true,
      vectors: false,
    };
    let newest = 0;
    for (let round = 0; round < 30; round++) {
      const hits = await reader.search({ ...request, mode: "hybrid" });
      const batches = hits.map(({ metadata }) => metadata.batch as number);
      expect(hits.length).toBeGreaterThan(5);
      newest = Math.max(newest, ...batches);
      for (const { text, metadata } of hits) expect(text).toContain(`batch ${metadata.batch} has`);
    }
    reader.close();
    child.kill("SIGKILL");
    await ended;
    expect(newest).toBeGreaterThan(0);
  });
});
