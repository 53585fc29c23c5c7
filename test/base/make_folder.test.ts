import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../../base/make_folder.ts";

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "qrag-folder-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it("makes what is missing, and is content with what is there", async () => {
  const path = join(scratch(), "a", "b", "c");
  await Promise.all([makeFolder(path), makeFolder(path)]);
  await makeFolder(path);
  expect(existsSync(path)).toBe(true);
});

it("says what is in the way", async () => {
  const folder = scratch();
  writeFileSync(join(folder, "file"), "");
  for (const path of [join(folder, "file"), join(folder, "file", "below")]) {
    await expect(makeFolder(path)).rejects.toMatchObject({
      code: "OUTPUT_FAILED",
      message: expect.stringContaining(`${path} cannot be made`),
    });
  }
});

it.runIf(existsSync("/proc/self"))(
  "ends where the system denies parents that it has just been asked for",
  async () => {
    await expect(makeFolder("/proc/qrag/below")).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
  },
);
