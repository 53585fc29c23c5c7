import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelDigest, modelPath, openModelFile, shippedGate } from "../../src/model/files.ts";
import { modelFile } from "./model_file.ts";

let folder: string;
let bytes: Uint8Array;
let sha256: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-model-files-"));
  bytes = await modelFile();
  await writeFile(at("model.gguf"), bytes);
  sha256 = createHash("sha256").update(bytes).digest("hex");
});
afterAll(() => rm(folder, { recursive: true }));

describe("modelPath", () => {
  it("is the package's own model when none is named", () => {
    expect(modelPath(undefined)).toBe(join(process.cwd(), "models", "qrag.gguf"));
  });

  it("is relative to the working folder", () => {
    expect(modelPath("some/model.gguf")).toBe(join(process.cwd(), "some", "model.gguf"));
  });
});

describe("the package's own model", () => {
  const open = (path: string, signal?: AbortSignal) =>
    openModelFile(undefined, signal, { path: at(path), sha256, remedy: "name one" });

  it("is the one whose digest stands in the code", async () => {
    expect(await modelDigest(modelPath(undefined))).toBe(shippedGate.sha256);
  });

  it("is opened when every byte is right", async () => {
    const { path, source, file } = await open("model.gguf");
    await source.close();
    expect([path, file.size]).toEqual([at("model.gguf"), bytes.length]);
  });

  it.each([
    ["one bit differs", (whole: Uint8Array) => whole.with(-1, whole.at(-1)! ^ 1)],
    ["it was cut", (whole: Uint8Array) => whole.subarray(0, -1)],
    ["it is empty", () => new Uint8Array()],
  ])("is refused when %s, and nothing in it is read", async (_, change) => {
    await writeFile(at("changed.gguf"), change(bytes));
    const work = open("changed.gguf");
    await expect(work).rejects.toMatchObject({ code: "MODEL_INVALID" });
    await expect(work).rejects.toThrow(
      new RegExp(`changed\\.gguf: this is not the file .* not ${sha256}\\. Install .* again`),
    );
  });

  it("says how to get it when it is missing", async () => {
    const work = open("none.gguf");
    await expect(work).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(work).rejects.toThrow(/own file is missing\. Install .*or name one/);
  });

  it("is not read on when the caller no longer waits", async () => {
    await expect(open("model.gguf", AbortSignal.abort())).rejects.toThrow("aborted");
  });

  it("is no matter to a model that is named", async () => {
    const other = { path: at("none.gguf"), sha256: "", remedy: "" };
    const { source } = await openModelFile(at("model.gguf"), undefined, other);
    await source.close();
  });
});
