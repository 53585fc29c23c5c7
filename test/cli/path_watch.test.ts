// The watch: what counts as a change, and what it does where the system cannot watch.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PathWatch } from "../../src/cli/path_watch.ts";

let root: string;
let watch: PathWatch | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qrag-watch-"));
});
afterEach(() => {
  watch?.close();
  rmSync(root, { recursive: true, force: true });
});

const never = new AbortController().signal;

it("tells of a change that came before it was asked", async () => {
  watch = new PathWatch([root], () => {});
  writeFileSync(join(root, "a.md"), "a");
  await watch.next(never);
});

it("does not tell of what the walk passes over", async () => {
  mkdirSync(join(root, "node_modules"));
  mkdirSync(join(root, "in"));
  watch = new PathWatch([root], () => {});
  appendFileSync(join(root, ".hidden.md"), "a");
  appendFileSync(join(root, "node_modules", "a.md"), "a");
  const stop = new AbortController();
  const told = watch.next(stop.signal).then(
    () => true,
    () => false,
  );
  // Events come in their order: were the others to count, they would be told by now.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  stop.abort();
  expect(await told).toBe(false);
  appendFileSync(join(root, "in", ".qragignore"), "a");
  await watch.next(never);
});

it("ends with the signal", async () => {
  watch = new PathWatch([root], () => {});
  const reason = new Error("enough");
  await expect(watch.next(AbortSignal.abort(reason))).rejects.toBe(reason);
});

it("says that it has to look by itself where it cannot watch", () => {
  const causes: Error[] = [];
  watch = new PathWatch([join(root, "absent")], (cause) => causes.push(cause));
  expect(causes).toMatchObject([{ code: "ENOENT" }]);
});
