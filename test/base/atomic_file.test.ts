// Writing files whole or not at all, whatever fails on the way.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeAtomically } from "../../base/atomic_file.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-atomic-"));
  path = join(folder, "out.gguf");
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const files = () => readdir(folder);

describe("writeAtomically", () => {
  it("writes all pieces in order", async () => {
    await writeAtomically(path, {}, async (sink) => {
      await sink.write(bytes("one "));
      expect(await files()).not.toContain("out.gguf");
      await sink.write(bytes("two"));
    });
    expect(await readFile(path, "utf8")).toBe("one two");
    expect(await files()).toEqual(["out.gguf"]);
  });

  it("leaves nothing behind when writing fails, at any piece", async () => {
    for (let failing = 0; failing < 4; failing++) {
      const write = writeAtomically(path, {}, async (sink) => {
        for (let piece = 0; piece < 4; piece++) {
          if (piece === failing) throw new Error("no more");
          await sink.write(bytes("piece"));
        }
      });
      await expect(write).rejects.toThrow("no more");
      expect(await files()).toEqual([]);
    }
  });

  it("leaves the old file as it was when writing fails", async () => {
    await writeFile(path, "old");
    const write = writeAtomically(path, { force: true }, async (sink) => {
      await sink.write(bytes("new"));
      throw new Error("no more");
    });
    await expect(write).rejects.toThrow("no more");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await files()).toEqual(["out.gguf"]);
  });

  it("refuses to replace a file, before anything is written and after", async () => {
    await writeFile(path, "old");
    const error = await writeAtomically(path, {}, async () => expect.unreachable()).catch((e) => e);
    expect(error.code).toBe("OUTPUT_FAILED");
    await rm(path);
    const write = writeAtomically(path, {}, async () => writeFile(path, "of another"));
    await expect(write).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
    expect(await readFile(path, "utf8")).toBe("of another");
    expect(await files()).toEqual(["out.gguf"]);
  });

  it("replaces a file when told to", async () => {
    await writeFile(path, "old");
    await writeAtomically(path, { force: true }, (sink) => sink.write(bytes("new")));
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("ends with the signal's reason, and leaves nothing", async () => {
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    for (const after of [0, 1, 2]) {
      const write = writeAtomically(path, { signal: controller.signal }, async (sink) => {
        if (after === 0) controller.abort(reason);
        await sink.write(bytes("piece"));
        if (after === 1) controller.abort(reason);
      });
      await expect(write).rejects.toBe(reason);
      expect(await files()).toEqual([]);
    }
  });

  it("says which file cannot be written", async () => {
    for (const bad of [join(folder, "absent", "out.gguf"), join(path, "out.gguf")]) {
      if (bad.startsWith(path)) await writeFile(path, "a file, not a folder");
      const error = await writeAtomically(bad, {}, async () => {}).catch((e) => e);
      expect(error.code).toBe("OUTPUT_FAILED");
      expect(error.message).toContain(bad);
    }
  });

  it("cannot replace a folder", async () => {
    await mkdir(path);
    const write = writeAtomically(path, { force: true }, (sink) => sink.write(bytes("x")));
    await expect(write).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
    expect(await files()).toEqual(["out.gguf"]);
  });
});
