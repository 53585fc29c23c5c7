// Byte sources: exact ranges, regular files only, and a file that shrinks while it is read.
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesSource, fileSource } from "../../gguf/source.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-source-"));
});
afterAll(() => rm(folder, { recursive: true }));

const content = Uint8Array.from({ length: 100 }, (_, index) => index);

describe.each([
  ["bytesSource", async () => bytesSource(content)],
  [
    "fileSource",
    async () => {
      const path = join(folder, "content");
      await writeFile(path, content);
      return fileSource(path);
    },
  ],
])("%s", (_name, open) => {
  it("reads exact ranges", async () => {
    const source = await open();
    expect(source.size).toBe(100);
    expect([...(await source.read(98, 2))]).toEqual([98, 99]);
    expect((await source.read(100, 0)).length).toBe(0);
    expect([...(await source.read(0, 100))]).toEqual([...content]);
    await source.close();
  });

  it.each([
    [0, 101],
    [100, 1],
    [-1, 2],
    [2, -1],
    [0.5, 1],
    [Number.NaN, 1],
    [2 ** 53, 1],
    [0, Number.POSITIVE_INFINITY],
  ])("refuses offset %d, length %d", async (offset, length) => {
    const source = await open();
    await expect(source.read(offset, length)).rejects.toThrow(RangeError);
    await source.close();
  });
});

describe("fileSource", () => {
  it("reports a file that was cut after it was opened", async () => {
    const path = join(folder, "cut");
    await writeFile(path, content);
    const source = await fileSource(path);
    await truncate(path, 40);
    await expect(source.read(30, 20)).rejects.toThrow("cut to 40 bytes");
    await source.close();
  });

  it("refuses a folder", async () => {
    await expect(fileSource(folder)).rejects.toThrow("not a regular file");
  });

  it.skipIf(process.platform === "win32")(
    "refuses a pipe without waiting for a writer",
    async () => {
      const path = join(folder, "pipe");
      execFileSync("mkfifo", [path]);
      await expect(fileSource(path)).rejects.toThrow("not a regular file");
    },
  );

  it("says which file is missing", async () => {
    await expect(fileSource(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
