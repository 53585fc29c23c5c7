// Writing files whole or not at all, whatever fails on the way.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkFree, writeAtomically } from "../../base/atomic_file.ts";

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

  it.skipIf(!existsSync("/dev/null"))(
    "never replaces a device, nor what leads to one",
    async () => {
      await symlink("/dev/null", path);
      for (const device of ["/dev/null", path]) {
        for (const force of [false, true]) {
          const refused = writeAtomically(device, { force }, async () => expect.unreachable());
          await expect(refused).rejects.toThrow(`${device} is a device; only files are replaced`);
          expect(() => checkFree(device, force)).toThrow(/is a device/);
        }
      }
      expect((await lstat("/dev/null")).isCharacterDevice()).toBe(true);
      expect(await readlink(path)).toBe("/dev/null");
    },
  );

  it.skipIf(process.platform === "win32")("never replaces a pipe", async () => {
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const refused = writeAtomically(path, { force: true }, async () => expect.unreachable());
    await expect(refused).rejects.toThrow(/is a pipe; only files are replaced/);
    expect((await lstat(path)).isFIFO()).toBe(true);
  });
});

describe("a link", () => {
  const there = () => join(folder, "elsewhere", "model.gguf");
  beforeEach(async () => {
    await mkdir(join(folder, "elsewhere"));
    await symlink(join("elsewhere", "model.gguf"), path);
  });

  it("stays one: what it leads to is replaced, by way of that folder", async () => {
    await writeFile(there(), "old");
    await expect(writeAtomically(path, {}, async () => {})).rejects.toThrow(/exists; choose/);
    await writeAtomically(path, { force: true }, async (sink) => {
      await sink.write(bytes("new"));
      expect(await readdir(join(folder, "elsewhere"))).toHaveLength(2);
      expect(await readFile(path, "utf8")).toBe("old");
    });
    expect(await readFile(there(), "utf8")).toBe("new");
    expect(await readlink(path)).toBe(join("elsewhere", "model.gguf"));
    expect(await readdir(join(folder, "elsewhere"))).toEqual(["model.gguf"]);
    expect(await files()).toEqual(["elsewhere", "out.gguf"]);
  });

  it("to nowhere is refused, with and without force", async () => {
    await expect(writeAtomically(path, {}, async () => {})).rejects.toThrow(/exists; choose/);
    const forced = writeAtomically(path, { force: true }, async () => expect.unreachable());
    await expect(forced).rejects.toThrow(/is a link to a file that does not exist; remove it/);
    expect(await readlink(path)).toBe(join("elsewhere", "model.gguf"));
    expect(existsSync(there())).toBe(false);
  });

  it("that comes meanwhile is neither followed nor replaced", async () => {
    await rm(path);
    await writeFile(there(), "precious");
    for (const force of [false, true]) {
      const write = writeAtomically(path, { force }, () => symlink(there(), path));
      await expect(write).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
      expect(await readlink(path)).toBe(there());
      expect(await readFile(there(), "utf8")).toBe("precious");
      await rm(path);
    }
    expect(await files()).toEqual(["elsewhere"]);
  });
});
