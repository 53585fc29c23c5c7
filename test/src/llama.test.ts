// The backend "llama": its errors, and that a gate behaves on it as on our own engine. The weights are in a llama file,
// which a stock node-llama-cpp computes; test/llama_runtimes.test.ts compares the numbers of all runtimes.
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { GgufWriter, planGguf } from "../../gguf/write.ts";
import { type Gate, loadGate, type Progress } from "../../src/index.ts";
import { loadLlama } from "../../src/llama/load.ts";
import { type OpenLlamaOptions, openLlama } from "../../src/llama/model.ts";
import type { Package } from "../../src/llama/package.ts";
import { Conversions } from "../converted.ts";
import { Encoders } from "../encoders.ts";
import { codeOf } from "./fakes.ts";
import { modelFile } from "./model_file.ts";

const conversions = new Conversions();
let folder: string;
let llamaFile: string;
let qragFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-llama-"));
  llamaFile = await conversions.path("meta", { layout: "llama" });
  qragFile = await conversions.path("meta");
});
afterAll(async () => {
  await conversions.remove();
  await rm(folder, { recursive: true });
});

const load = (options: object = {}) =>
  loadGate(llamaFile, { backend: "llama", gpu: false, threads: 1, ...options });

/** The file with other labels of its decision rows, or another name for them. */
async function changedRows(bytes: Uint8Array, { labels = "0011", name = "cls.output.weight" }) {
  const { metadata, tensors } = await readGguf(bytesSource(bytes));
  const value = labels.split("");
  const changed = new Map(metadata).set("qrag.decision.labels", {
    type: "array",
    of: "string",
    value,
  });
  const renamed = tensors.map((tensor) =>
    tensor.name === "cls.output.weight" ? { ...tensor, name } : tensor,
  );
  const pieces: Uint8Array[] = [];
  const write = async (piece: Uint8Array) => void pieces.push(piece);
  const writer = new GgufWriter(planGguf(changed, renamed), { write });
  for (const { name, offset, byteLength } of renamed) {
    await writer.writeTensor(name, [bytes.subarray(offset, offset + byteLength)]);
  }
  await writer.finish();
  return Buffer.concat(pieces);
}

const query = "capital of Germany";
const subjects = ["Berlin is the capital", "Paris is a city", "The river is long", "Nobody knows"];
const passages = Array.from({ length: 20 }, (_, n) => `${subjects[n % 4]}, they say. ${n}`);

describe("a gate on llama.cpp", () => {
  let gate: Gate;
  let reference: Gate;
  beforeAll(async () => {
    gate = await load();
    reference = await loadGate(qragFile, { engine: "reference", threads: 1 });
  });
  afterAll(() => Promise.all([gate?.dispose(), reference?.dispose()]));

  it("says what it is", async () => {
    expect(gate.info).toMatchObject({
      path: llamaFile,
      engine: "llama",
      device: "cpu",
      threads: 1,
      contextLength: 256,
      fullVocabulary: false,
    });
    const whole = gate.score(query, "p", { fullVocabulary: true });
    expect(await codeOf(whole)).toBe("INPUT_INVALID");
  });

  it("gives our reference's verdicts, in whatever company and order a passage comes", async () => {
    const expected = await reference.judgeAll(query, passages);
    const together = await gate.judgeAll(query, passages);
    const alone = await gate.judge(query, passages.at(-1)!);
    const backwards = (await gate.judgeAll(query, passages.toReversed())).reverse();
    for (const [index, verdict] of expected.entries()) {
      for (const found of [together[index]!, backwards[index]!]) {
        expect(found).toMatchObject({ tokens: verdict.tokens, windows: 1 });
        expect(Math.abs(found.margin - verdict.margin), passages[index]).toBeLessThan(0.02);
      }
    }
    expect(Math.abs(alone.margin - expected.at(-1)!.margin)).toBeLessThan(0.02);
  });

  it("judges windows, and prompts that fill the context to the last token", async () => {
    const frame = (await reference.judge(query, "x")).tokens;
    const full = `x${",".repeat(256 - frame)}`;
    expect((await reference.judge(query, full)).tokens).toBe(256);
    for (const passage of [full, "The river is long, they say. ".repeat(60)]) {
      const expected = await reference.judge(query, passage);
      const found = await gate.judge(query, passage);
      expect(found).toMatchObject({ tokens: expected.tokens, windows: expected.windows });
      expect(Math.abs(found.margin - expected.margin)).toBeLessThan(0.02);
    }
  });

  it("stops when aborted, and rejects what is pending when disposed", async () => {
    const own = await load();
    const reason = new Error("enough");
    await expect(own.judgeAll(query, passages, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
    const pending = own.judgeAll(query, passages);
    const refused = expect(pending).rejects.toMatchObject({ code: "DISPOSED" });
    await own.dispose();
    await refused;
    expect(await codeOf(own.score(query, "p"))).toBe("DISPOSED");
  });

  it("stops loading when aborted, and reports how far it has come", async () => {
    const reason = new Error("enough");
    await expect(load({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const late = new AbortController();
    const onProgress = () => late.abort(reason);
    await expect(load({ signal: late.signal, onProgress })).rejects.toBe(reason);
    const seen: Progress[] = [];
    await using _own = await load({ onProgress: (progress: Progress) => seen.push(progress) });
    expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
    expect(seen.at(-1)!.total).toBeGreaterThan(100_000);
  });
});

describe("the backend refuses", () => {
  const options: OpenLlamaOptions = {
    path: "model.gguf",
    layout: "qrag",
    bytes: 0,
    contextLength: 256,
    tokenIds: [1, 2],
    gpu: false,
    threads: 1,
  };

  it("options of the other backend", async () => {
    expect(await codeOf(load({ engine: "fast" }))).toBe("INPUT_INVALID");
    expect(await codeOf(load({ earlyExit: false }))).toBe("INPUT_INVALID");
    expect(await codeOf(loadGate(qragFile, { gpu: "cuda" }))).toBe("INPUT_INVALID");
    expect(await codeOf(load({ gpu: "opencl" }))).toBe("INPUT_INVALID");
    expect(await codeOf(loadGate(qragFile, { backend: "onnx" as never }))).toBe("INPUT_INVALID");
  });

  it("to work without the package, and says how to install it", async () => {
    const absent = () =>
      Promise.reject(Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" }));
    await expect(openLlama(options, absent)).rejects.toMatchObject({
      code: "NATIVE_MISSING",
      message: expect.stringContaining("npm install node-llama-cpp"),
    });
    const broken = () => Promise.reject(new Error("bad import"));
    await expect(openLlama(options, broken)).rejects.toThrow("could not be loaded: bad import");
  });

  it("a qrag file without the patched build, and a GPU without any", async () => {
    class NoBinaryFoundError extends Error {}
    const getLlama = () => Promise.reject(new NoBinaryFoundError("none"));
    const stock = async () =>
      ({ getLlama, NoBinaryFoundError, LlamaLogLevel: {} }) as unknown as Package;
    await expect(openLlama(options, stock)).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("npm run build:llama"),
    });
    await expect(openLlama({ ...options, layout: "llama" }, stock)).rejects.toMatchObject({
      code: "NATIVE_MISSING",
    });
    const opened = loadLlama(qragFile, options, (found) => openLlama(found, stock));
    await expect(opened).rejects.toThrow(`${qragFile}: llama.cpp as node-llama-cpp ships it`);
  });

  it("qrag files that llama.cpp cannot read", async () => {
    const open = async (bytes: Uint8Array) => {
      const path = join(folder, "unreadable.gguf");
      await writeFile(path, bytes);
      return loadGate(path, { backend: "llama", gpu: false });
    };
    await expect(open(await modelFile())).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining("llama.cpp does not support this model's tokenizer"),
    });
    const sound = await readFile(qragFile);
    for (const change of [{ name: "decision.weight" }, { labels: "0101" }]) {
      await expect(open(await changedRows(sound, change))).rejects.toMatchObject({
        code: "MODEL_UNSUPPORTED",
        message: expect.stringContaining("Convert the checkpoint again"),
      });
    }
  });

  it("cross-encoders, whose pairs llama.cpp would score without token types", async () => {
    const encoders = new Encoders();
    const path = await encoders.path("labels");
    const opened = loadGate(path, { backend: "llama", gpu: false });
    await expect(opened).rejects.toMatchObject({
      code: "MODEL_UNSUPPORTED",
      message: expect.stringContaining(
        `${path}: this is an encoder: llama.cpp ignores token types`,
      ),
    });
    await encoders.remove();
  });

  it("files that are missing, cut, damaged, or not ours", async () => {
    const open = (path: string) => codeOf(loadGate(path, { backend: "llama", gpu: false }));
    expect(await open(join(folder, "none.gguf"))).toBe("MODEL_NOT_FOUND");
    const sound = await readFile(llamaFile);
    const changed = join(folder, "changed.gguf");
    await writeFile(changed, sound.subarray(0, -100));
    expect(await open(changed)).toBe("MODEL_INVALID");

    const { tensors } = await readGguf(bytesSource(sound));
    const damaged = Buffer.from(sound);
    damaged.writeFloatLE(Number.NaN, tensors.at(-1)!.offset);
    await writeFile(changed, damaged);
    expect(await open(changed)).toBe("MODEL_INVALID");

    await copyFile(llamaFile, changed);
    const renamed = Buffer.from(sound);
    renamed.write("qrag.decision.tokens_ids", sound.indexOf("qrag.decision.token_ids"));
    await writeFile(changed, renamed);
    expect(await open(changed)).toBe("MODEL_INVALID");
  });
});
