// QragError across the two forms of the package: one process may load both.
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { packageRoot } from "../../base/package_root.ts";

let folder: string;
let other: typeof QragError;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-errors-"));
  // As scripts/package.ts bundles the whole package.
  const outfile = join(folder, "errors.cjs");
  const entryPoints = [join(packageRoot(), "base", "errors.ts")];
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "cjs" });
  other = createRequire(import.meta.url)(outfile).QragError;
});
afterAll(() => rm(folder, { recursive: true }));

describe("instanceof QragError", () => {
  it("holds for the other form's errors, both ways", () => {
    expect(other).not.toBe(QragError);
    expect(new other("INTERNAL", "theirs") instanceof QragError).toBe(true);
    expect(new QragError("INTERNAL", "ours") instanceof other).toBe(true);
    expect(new QragError("INTERNAL", "ours") instanceof Error).toBe(true);
  });

  it.each([new Error("plain"), { code: "INTERNAL" }, null, undefined, "text", 7, {}])(
    "does not hold for %o",
    (value) => {
      expect((value as unknown) instanceof QragError).toBe(false);
    },
  );

  it("of a class that extends it holds for that class alone", () => {
    class Special extends QragError {}
    const special = new Special("INTERNAL", "special");
    expect([special instanceof Special, special instanceof QragError]).toEqual([true, true]);
    expect(special instanceof other).toBe(true);
    expect(new QragError("INTERNAL", "ours") instanceof Special).toBe(false);
  });

  it("narrows the type", () => {
    const caught: unknown = new other("INPUT_INVALID", "theirs");
    expect(caught instanceof QragError && caught.code).toBe("INPUT_INVALID");
  });

  it("leaves no trace in what is printed", () => {
    expect(Object.keys(new QragError("INTERNAL", "ours"))).toEqual(["name", "code"]);
  });
});
