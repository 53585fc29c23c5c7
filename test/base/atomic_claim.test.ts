// The last step of writing a file: it gets its name, and no file that came meanwhile loses it.
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { writeAtomically } from "../../base/atomic_file.ts";

type Files = typeof import("node:fs/promises");

/** What a test puts in place of the system's own. */
const system = vi.hoisted(() => ({
  link: undefined as Files["link"] | undefined,
  rename: undefined as Files["rename"] | undefined,
}));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<Files>();
  return {
    ...real,
    link: (...args: Parameters<Files["link"]>) => (system.link ?? real.link)(...args),
    rename: (...args: Parameters<Files["rename"]>) => (system.rename ?? real.rename)(...args),
  };
});

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-claim-"));
  path = join(folder, "out.gguf");
});
afterEach(async () => {
  Object.assign(system, { link: undefined, rename: undefined });
  await rm(folder, { recursive: true });
});

const failing = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(`${code}: not here`), { code });
};
const write = () => writeAtomically(path, {}, (sink) => sink.write(Buffer.from("ours")));

it("loses against a file that comes at the very last moment", async () => {
  system.link = async () => {
    writeFileSync(path, "another's");
    return failing("EEXIST")();
  };
  await expect(write()).rejects.toThrow(/out.gguf exists; choose another name/);
  expect(await readFile(path, "utf8")).toBe("another's");
  expect(await readdir(folder)).toEqual(["out.gguf"]);
});

it.each(["EPERM", "ENOTSUP", "EISDIR"])("needs no hard links (%s)", async (code) => {
  system.link = failing(code);
  await write();
  expect(await readFile(path, "utf8")).toBe("ours");
  expect(await readdir(folder)).toEqual(["out.gguf"]);
});

it("loses against such a file without hard links, too", async () => {
  system.link = async () => {
    writeFileSync(path, "another's");
    return failing("EPERM")();
  };
  await expect(write()).rejects.toThrow(/out.gguf exists; choose another name/);
  expect(await readFile(path, "utf8")).toBe("another's");
  expect(await readdir(folder)).toEqual(["out.gguf"]);
});

it("leaves nothing when the name cannot be given", async () => {
  Object.assign(system, { link: failing("EPERM"), rename: failing("EIO") });
  await expect(write()).rejects.toThrow(/out.gguf cannot be written: EIO/);
  expect(await readdir(folder)).toEqual([]);
});
