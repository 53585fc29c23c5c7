import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeModel } from "../../native/contract.ts";
import type { TensorStream } from "../../native/model.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { loadModel, type NativeParts } from "../../src/model/load.ts";
import { tokenizerJson } from "../fixtures.ts";
import { modelFile } from "./model_file.ts";

let folder: string;
let files = 0;
let sound: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-models-"));
  sound = await modelFile();
});
afterAll(() => rm(folder, { recursive: true }));

async function stored(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.gguf`);
  await writeFile(path, bytes);
  return path;
}

/** Native parts that keep the bytes of every tensor, as the file's F32 values. */
function keepingParts() {
  const tensors = new Map<string, Buffer>();
  const parts: NativeParts = {
    openTokenizer,
    async openModel(_architecture, _numbers, streams: readonly TensorStream[], { signal }) {
      for (const { name, chunks } of streams) {
        const pieces: Uint8Array[] = [];
        for await (const bytes of chunks()) {
          signal?.throwIfAborted();
          // Memory of a piece is used again for the next but one.
          pieces.push(Buffer.from(bytes));
        }
        tensors.set(name, Buffer.concat(pieces));
      }
      return {} as NativeModel;
    },
  };
  return { parts, tensors };
}

const load = (path: string, parts = keepingParts().parts) => loadModel(path, { threads: 1 }, parts);

describe("a sound file", () => {
  it("arrives tensor by tensor, byte for byte, and is described", async () => {
    const { parts, tensors } = keepingParts();
    const progress: number[] = [];
    const path = await stored(sound);
    const onProgress = ({ done, total }: { done: number; total: number }) =>
      progress.push(done / total);
    const loaded = await loadModel(path, { threads: 1, onProgress }, parts);
    expect(loaded).toMatchObject({ path, fullHead: true, description: { name: "random" } });
    expect(tensors.size).toBe(loaded.description.tensors.length);
    for (const { name, offset, byteLength } of loaded.description.tensors) {
      const wanted = Buffer.from(sound.subarray(offset, offset + byteLength));
      expect([name, tensors.get(name)?.equals(wanted)]).toEqual([name, true]);
    }
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });

  it("may have tensors larger than one read", async () => {
    const { parts, tensors } = keepingParts();
    const bytes = await modelFile({ feedForwardLength: 20_000 });
    const { description } = await load(await stored(bytes), parts);
    const large = description.tensors.find(({ name }) => name === "blk.1.ffn_up.weight")!;
    expect(large.byteLength).toBeGreaterThan(4 * 1024 * 1024);
    const wanted = Buffer.from(bytes.subarray(large.offset, large.offset + large.byteLength));
    expect(tensors.get(large.name)?.equals(wanted)).toBe(true);
  });

  it.each([
    ["tied", "F32", true],
    ["tied", "Q4_0", true],
    ["kept", "F32", true],
    ["left out", "F32", false],
    ["left out", "Q4_0", false],
  ] as const)("whose head is %s, with %s weights: is it all there?", async (head, type, whole) => {
    const path = await stored(await modelFile({ head, type }));
    const { model, fullHead } = await loadModel(path, { threads: 1 });
    model.dispose();
    expect(fullHead).toBe(whole);
  });
});

describe("a file that cannot be loaded", () => {
  const cases: [name: string, path: () => Promise<string>, code: string, message: RegExp][] = [
    ["is not there", async () => join(folder, "missing.gguf"), "MODEL_NOT_FOUND", /no such file/],
    ["is a folder", async () => folder, "MODEL_NOT_FOUND", /could not be opened/],
    ["is a device", async () => "/dev/null", "MODEL_NOT_FOUND", /not a regular file/],
    ["is empty", () => stored(new Uint8Array()), "MODEL_INVALID", /gguf: /],
    [
      "is something else",
      () => stored(Buffer.from("PK\x03\x04 a zip file")),
      "MODEL_INVALID",
      /gguf: /,
    ],
    ["ends in its header", () => stored(sound.subarray(0, 500)), "MODEL_INVALID", /gguf: /],
    [
      "ends in its tensors",
      () => stored(sound.subarray(0, sound.length - 99)),
      "MODEL_INVALID",
      /gguf: /,
    ],
    [
      "is of another architecture",
      () =>
        stored(
          Buffer.from(Buffer.from(sound).toString("latin1").replace("qrag", "gnat"), "latin1"),
        ),
      "MODEL_UNSUPPORTED",
      /architecture/,
    ],
    [
      "has no tokenizer that is one",
      async () => stored(await modelFile({ tokenizer: "{}" })),
      "TOKENIZER_UNSUPPORTED",
      /gguf: /,
    ],
    [
      "has a tokenizer with more tokens than the embedding has rows",
      async () => stored(await modelFile({ tokenizer: tokenizerJson("qwen2"), spareRows: -100 })),
      "MODEL_INVALID",
      /its tokenizer has \d+ tokens, its embedding only \d+ rows/,
    ],
  ];
  it.each(cases)("%s", async (_name, path, code, message) => {
    const file = await path();
    const failure = await load(file).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((failure as Error).message).toContain(file);
    expect((failure as Error).cause).toBeInstanceOf(Error);
  });

  it("is cut while it is read", async () => {
    const path = await stored(sound);
    const { parts } = keepingParts();
    const openModel: NativeParts["openModel"] = async (...args) => {
      await truncate(path, sound.length - 1000);
      return parts.openModel(...args);
    };
    const failure = await load(path, { ...parts, openModel }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "MODEL_INVALID",
      message: expect.stringMatching(/was cut to/),
    });
  });
});

describe("abort", () => {
  it("stops loading with the signal's reason", async () => {
    const reason = new Error("no time");
    const path = await stored(sound);
    const { parts } = keepingParts();
    const early = loadModel(path, { threads: 1, signal: AbortSignal.abort(reason) }, parts);
    await expect(early).rejects.toBe(reason);
    const controller = new AbortController();
    const { signal } = controller;
    const late = loadModel(
      path,
      { threads: 1, signal, onProgress: () => controller.abort(reason) },
      parts,
    );
    await expect(late).rejects.toBe(reason);
  });
});
