import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../../base/progress.ts";
import { convertCheckpoint } from "../../convert/convert.ts";
import { type PullOptions, pull } from "../../src/hub/pull.ts";
import { loadEmbedder, loadGate } from "../../src/index.ts";
import { encoderPath } from "../fixtures.ts";
import { modelFile } from "../src/model_file.ts";
import { type Fault, sendCut, sha256 } from "./hub_server.ts";
import {
  decoderRepository,
  encoderRepository,
  firstCommit,
  HubSetting,
  secondCommit,
} from "./repositories.ts";

const name = "hf:owner/rank";
const patience = { firstMs: 1, longestMs: 1000, idleMs: 10_000 };
const query = "the capital of the country";
const passages = ["it is a large city by the river", "the water was cold", "12 + 30 = 42"];

let hub: HubSetting;

beforeEach(async () => {
  hub = await HubSetting.open();
  hub.server.repositories.set("owner/rank", encoderRepository("rank"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

const pulled = (from = name, more: Partial<PullOptions> = {}) =>
  pull(from, { env: hub.env, patience, ...more });

/** The environment of loadGate, which is that of the process. */
function stubEnv(more: Record<string, string> = {}): void {
  const clean = { HF_TOKEN: "", QRAG_OFFLINE: "", HF_HUB_OFFLINE: "" };
  for (const [key, value] of Object.entries({ ...clean, ...hub.env, ...more })) {
    vi.stubEnv(key, value);
  }
}

async function margins(path: string): Promise<number[]> {
  await using gate = await loadGate(path, { threads: 1 });
  return (await gate.judgeAll(query, passages)).map(({ margin }) => margin);
}

const files = async (folder: string) => (await readdir(folder)).sort();

/** Everything below the cache's folder. */
const everything = async () => (await readdir(hub.cache, { recursive: true })).sort();

describe("loadGate", () => {
  it("pulls a cross-encoder, judges as its direct conversion does, and needs no network then", async () => {
    stubEnv();
    const stages = new Set<string>();
    const onProgress = ({ stage, done, total }: Progress) => {
      stages.add(stage ?? "load");
      expect(done).toBeLessThanOrEqual(total);
    };
    await using gate = await loadGate(name, { threads: 1, onProgress });
    expect(gate.info).toMatchObject({
      name: "rank",
      weightTypes: expect.arrayContaining(["Q8_0"]),
    });
    expect([...stages]).toEqual(["download", "convert", "load"]);
    const first = (await gate.judgeAll(query, passages)).map(({ margin }) => margin);

    hub.server.stop();
    expect(await margins(name)).toEqual(first);
    expect(await margins(`${name}@${firstCommit}`)).toEqual(first);

    const output = join(hub.cache, "direct.gguf");
    await convertCheckpoint({
      checkpoint: encoderPath("rank"),
      output,
      type: "Q8_0",
      name: "rank",
    });
    expect(await margins(output)).toEqual(first);
    expect(sha256(await readFile(output))).toBe(sha256(await readFile(gate.info.path)));
  });

  it("asks nobody for what is there", async () => {
    stubEnv();
    await pulled();
    const { length } = hub.server.seen;
    await margins(name);
    expect(hub.server.seen.length).toBe(length);
  });

  it("asks nobody at all when the environment forbids it, and says what to run", async () => {
    stubEnv({ QRAG_OFFLINE: "1" });
    const work = loadGate(name);
    await expect(work).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(work).rejects.toThrow(
      /not in the cache, and QRAG_OFFLINE .*`qrag pull hf:owner\/rank`/,
    );
    expect(hub.server.seen).toEqual([]);
  });

  it("refuses a name that is none", async () => {
    await expect(loadGate("hf:rank")).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("takes calibrations of the file in the cache", async () => {
    stubEnv();
    const { manifest } = await pulled();
    const path = join(hub.cache, "calibration.json");
    const sidecar = {
      format: "qrag-calibration",
      version: 1,
      sha256: manifest.model.sha256,
      offset: 0.5,
    };
    await writeFile(path, JSON.stringify(sidecar));
    await using gate = await loadGate(name, { threads: 1, calibration: path });
    expect(gate.info.offset).toBe(0.5);
  });
});

describe("loadEmbedder", () => {
  it("pulls a model of sentence-transformers with its pooling", async () => {
    stubEnv();
    hub.server.repositories.set("owner/mean", encoderRepository("mean"));
    await using embedder = await loadEmbedder("hf:owner/mean", { threads: 1 });
    expect(embedder.info).toMatchObject({ pooling: "mean", normalized: true });
    const [vector] = await embedder.embed(["the water was cold"]);
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 5);
  });
});

describe("pulling", () => {
  it("converts a decoder under the names of the published gate", async () => {
    hub.server.repositories.set("owner/gate", decoderRepository());
    const { path } = await pulled("hf:owner/gate", { conversion: { type: "F32", threads: 1 } });
    await using gate = await loadGate(path, { threads: 1 });
    expect(gate.info).toMatchObject({ name: "gate", architecture: "qrag", weightTypes: ["F32"] });
  });

  it("takes a sharded checkpoint", async () => {
    hub.server.repositories.set("owner/labels", encoderRepository("labels"));
    const { manifest } = await pulled("hf:owner/labels");
    expect(manifest.files.map(({ path }) => path)).toContain("model-00002-of-00002.safetensors");
  });

  it("takes a GGUF file as it is, and refuses to convert it", async () => {
    const bytes = await modelFile();
    const more = { "a.gguf": bytes, "sub/b.gguf": bytes.with(-1, 1) };
    hub.server.repositories.set("owner/ready", { commit: firstCommit, files: more });
    const { path, manifest } = await pulled("hf:owner/ready");
    expect(sha256(await readFile(path))).toBe(sha256(bytes));
    expect(manifest).toMatchObject({ conversion: null, model: { bytes: bytes.length } });
    const other = await pulled("hf:owner/ready:sub/b.gguf");
    expect(sha256(await readFile(other.path))).toBe(sha256(more["sub/b.gguf"]));
    expect(sha256(await readFile(path))).toBe(sha256(bytes));
    const conversion = { type: "Q4_0" } as const;
    await expect(pulled("hf:owner/ready", { conversion })).rejects.toThrow(
      /GGUF file, which is not converted/,
    );
  });

  it("leaves the model and its manifest, and no checkpoint", async () => {
    const { path, manifest, downloaded } = await pulled();
    expect(await files(join(path, ".."))).toEqual(["manifest.json", "model.gguf"]);
    const bytes = await readFile(path);
    expect(manifest).toMatchObject({
      ...{ source: name, revision: "main", commit: firstCommit, endpoint: hub.server.endpoint },
      model: { bytes: bytes.length, sha256: sha256(bytes) },
    });
    const sizes = Object.values(encoderRepository("rank").files).map(({ length }) => length);
    expect(downloaded).toBe(sizes.reduce((a, b) => a + b));
  });

  it("again downloads nothing, unless the branch stands for another commit", async () => {
    await pulled();
    expect(await pulled()).toMatchObject({ downloaded: 0 });
    hub.server.repositories.set("owner/rank", encoderRepository("rank", secondCommit));
    const { manifest, downloaded } = await pulled();
    expect(manifest.commit).toBe(secondCommit);
    expect(downloaded).toBeGreaterThan(200_000);
    stubEnv({ QRAG_OFFLINE: "1" });
    await using gate = await loadGate(name, { threads: 1 });
    expect(gate.info.path).toContain(secondCommit);
    await using pinned = await loadGate(`${name}@${firstCommit}`, { threads: 1 });
    expect(pinned.info.path).toContain(firstCommit);
  });

  it("again asks nobody for a commit, or when the environment forbids it", async () => {
    const { path } = await pulled();
    hub.server.stop();
    expect(await pulled(`${name}@${firstCommit}`)).toMatchObject({ path, downloaded: 0 });
    const env = { ...hub.env, HF_HUB_OFFLINE: "1" };
    expect(await pulled(name, { env })).toMatchObject({ path, downloaded: 0 });
    await expect(pulled(`${name}@v2`, { env })).rejects.toThrow(
      /HF_HUB_OFFLINE forbids the network/,
    );
  });

  it("again mends a model that was damaged", async () => {
    const { path } = await pulled();
    const whole = await readFile(path);
    await writeFile(path, whole.with(-1, whole.at(-1)! ^ 1));
    await pulled();
    expect(sha256(await readFile(path))).toBe(sha256(whole));
    await writeFile(path, whole.subarray(0, 1000));
    stubEnv();
    await margins(name);
    expect(sha256(await readFile(path))).toBe(sha256(whole));
    await writeFile(join(path, "..", "manifest.json"), "{");
    await margins(name);
    await expect(readFile(join(path, "..", "manifest.json"), "utf8")).resolves.toContain(name);
  });

  it("converts again for other options, which loadGate then takes", async () => {
    const { path } = await pulled();
    const first = await stat(path);
    const again = await pulled(name, { conversion: { type: "F32" } });
    expect(again.path).toBe(path);
    expect((await stat(path)).size).toBeGreaterThan(first.size * 2);
    stubEnv();
    await using gate = await loadGate(name, { threads: 1 });
    expect(gate.info.weightTypes).toEqual(["F32"]);
    expect(await pulled(name, { conversion: { threads: 1, type: "F32" } })).toMatchObject({
      downloaded: 0,
    });
    expect(await pulled()).toMatchObject({ downloaded: 0 });
  });

  it("keeps what it has downloaded when the conversion fails, and says what to do", async () => {
    const work = pulled(name, { conversion: { type: "F32", pooling: "mean", rope: "half" } });
    await expect(work).rejects.toThrow(
      /--rope is for .*\n.*could not be converted.*`qrag pull hf:owner\/rank`/s,
    );
    expect(await pulled()).toMatchObject({ downloaded: 0 });
  });

  it("keeps what it has when it is aborted, and goes on later", async () => {
    const controller = new AbortController();
    const onProgress = ({ done, total }: Progress) => {
      if (done > total / 2) controller.abort(new Error("enough"));
    };
    const { signal } = controller;
    const stall: Fault = (request, response, bytes) => {
      if (!bytes || bytes.length < 150_000 || request.headers.range) return false;
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 150_000));
      return true;
    };
    hub.server.fault = stall;
    await expect(pulled(name, { signal, onProgress })).rejects.toThrow("enough");
    const part = (await everything()).find((path) => path.endsWith(".part"))!;
    const { size } = await stat(join(hub.cache, part));
    expect(size).toBeGreaterThan(0);
    expect((await everything()).some((path) => path.endsWith("lock"))).toBe(false);
    await pulled();
    const starts = hub.server.bodies("model.safetensors").map(({ headers }) => headers.range);
    expect(starts).toEqual([undefined, `bytes=${size}-`]);
    await expect(pulled(name, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
  });

  it("survives dropped connections, too many requests and a body that was cut", async () => {
    const drop: Fault = (_, response) => {
      response.socket!.destroy();
      return true;
    };
    const busy: Fault = (_, response) => {
      response.writeHead(429, { "retry-after": "0" }).end();
      return true;
    };
    const cut: Fault = (request, response, bytes) => {
      if (bytes) sendCut(request, response, bytes, 3000);
      return bytes !== undefined;
    };
    const faults = new Map(
      [0, 2, 4, 5, 7, 9, 10].map((at, index) => [at, [drop, busy, cut][index % 3]!]),
    );
    let count = 0;
    hub.server.fault = (...request) => faults.get(count++)?.(...request) ?? false;
    const { path } = await pulled();
    expect(count).toBeGreaterThan(10);
    expect((await margins(path)).length).toBe(3);
  });

  it("takes private repositories with the token, and none without", async () => {
    hub.server.repositories.set("owner/rank", { ...encoderRepository("rank"), token: "hf_good" });
    await expect(pulled()).rejects.toThrow(/ 401: .*set HF_TOKEN/);
    const env = (token: string) => ({ env: { ...hub.env, HF_TOKEN: token } });
    await expect(pulled(name, env("hf_bad"))).rejects.toThrow(/ 404: /);
    expect(await pulled(name, env("hf_good"))).toMatchObject({ manifest: { source: name } });
    const written = (await everything()).filter((path) => path.endsWith(".json"));
    for (const path of written) {
      expect(await readFile(join(hub.cache, path), "utf8")).not.toContain("hf_good");
    }
  });

  it("writes nothing beside the cache, whatever names a server lists", async () => {
    hub.server.list = (siblings) => [
      ...siblings,
      ...[
        "../../escape.gguf",
        "/tmp/escape.gguf",
        "..\\escape.gguf",
        "../1_Pooling/config.json",
      ].map((rfilename) => ({ ...siblings[0], rfilename })),
    ];
    const { manifest } = await pulled();
    expect(manifest.files.map(({ path }) => path).sort()).toEqual([
      ...["config.json", "model.safetensors", "tokenizer.json"],
    ]);
    expect((await everything()).filter((path) => path.includes("escape"))).toEqual([]);
  });

  it("keeps the models of two endpoints apart", async () => {
    const { path } = await pulled();
    const other = await HubSetting.open();
    try {
      other.server.repositories.set("owner/rank", encoderRepository("rank"));
      const env = { ...other.env, QRAG_CACHE: hub.cache };
      const again = await pulled(name, { env });
      expect(again.path).not.toBe(path);
      expect(again.downloaded).toBeGreaterThan(0);
    } finally {
      await other.close();
    }
  });

  it("says that the cache cannot be written", async () => {
    await writeFile(join(hub.cache, "hub"), "in the way");
    await expect(pulled()).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
  });
});

describe("at the same time", () => {
  it("in one process, what several ask for is downloaded once", async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => pulled()));
    expect(new Set(all.map(({ path }) => path)).size).toBe(1);
    expect(all.filter(({ downloaded }) => downloaded > 0).length).toBe(1);
    expect(hub.server.bodies("model.safetensors").length).toBe(1);
  });

  it("in several processes, too", { timeout: 60_000 }, async () => {
    const script = `
      import { pull } from ${JSON.stringify(join(import.meta.dirname, "../../src/hub/pull.ts"))};
      const { path, downloaded } = await pull("${name}", { env: process.env });
      console.log(JSON.stringify({ path, downloaded }));
    `;
    const run = () =>
      new Promise<string>((resolve, reject) => {
        const args = ["--import", "tsx", "--input-type=module", "-e", script];
        const child = spawn(process.execPath, args, { env: { ...process.env, ...hub.env } });
        let out = "";
        let err = "";
        child.stdout.on("data", (data) => (out += data));
        child.stderr.on("data", (data) => (err += data));
        child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(err))));
      });
    const results = (await Promise.all([run(), run(), run()])).map((text) => JSON.parse(text));
    expect(new Set(results.map(({ path }) => path)).size).toBe(1);
    expect(results.filter(({ downloaded }) => downloaded > 0).length).toBe(1);
    hub.server.stop();
    stubEnv();
    expect((await margins(name)).length).toBe(3);
  });

  it("a process that was killed is not waited for", async () => {
    const folder = join(
      ...[hub.cache, "hub", encodeURIComponent(hub.server.endpoint), "owner--rank", firstCommit],
    );
    await mkdir(folder, { recursive: true });
    const lock = join(folder, "lock");
    await writeFile(lock, "another's");
    const long = new Date(Date.now() - 60_000);
    await utimes(lock, long, long);
    await pulled();
    expect(await files(folder)).toEqual(["manifest.json", "model.gguf"]);

    // A fresh one is: until the caller has enough of it.
    await rm(join(folder, "manifest.json"));
    await writeFile(lock, "another's");
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 300);
    const { length } = hub.server.bodies("model.safetensors");
    await expect(pulled(name, { signal: controller.signal })).rejects.toThrow("enough");
    expect(hub.server.bodies("model.safetensors").length).toBe(length);
    expect(await readFile(lock, "utf8")).toBe("another's");
  });
});
