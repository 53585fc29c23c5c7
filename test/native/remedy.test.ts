// What the loader says to do, by how qrag came to the machine.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { findAddon } from "../../native/loader.ts";
import { needsBaseline, remedy } from "../../native/remedy.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-remedy-"));
});
afterAll(() => rm(folder, { recursive: true }));

const tooOld = [{ path: "a", reason: "this processor lacks AVX2, which this build needs" }];

it("is the build script in a checkout, in the form for its processor", () => {
  const root = packageRoot();
  expect(remedy(root, [])).toContain(`Run \`npm run build:native\` in ${root}.`);
  expect(remedy(root, tooOld)).toContain("Run `npm run build:native -- --baseline` in ");
});

it("is the command in an installed package, with what it needs", () => {
  expect(remedy(folder, [])).toMatch(
    /^Run `npx qrag build` in your project: .*needs cmake .* and a C\+\+17/,
  );
});

it("is to unpack where the package lies in an archive of Electron's", () => {
  const root = join(folder, "resources", "app.asar", "node_modules", "qrag");
  expect(remedy(root, [])).toMatch(/asar archive.*"asarUnpack"/);
});

it("knows a processor that is too old from a file that is broken", async () => {
  const broken = join(folder, "prebuilds", "qrag.node");
  await mkdir(join(folder, "prebuilds"));
  await writeFile(broken, "not a library");
  const found = findAddon([join(folder, "none.node"), broken]);
  if (found.native) throw new Error("loaded");
  expect(found.failures).toEqual([
    { path: join(folder, "none.node"), reason: "not there" },
    { path: broken, reason: expect.stringMatching(/\S/) },
  ]);
  expect(existsSync(broken)).toBe(true);
  expect(needsBaseline(found.failures)).toBe(false);
  expect(needsBaseline(tooOld)).toBe(true);
});
