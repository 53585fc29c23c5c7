// Finds the addon and loads it once. It never compiles and never downloads.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { QragError } from "../base/errors.ts";
import { packageRoot } from "../base/package_root.ts";
import type { NativeAddon } from "./contract.ts";

/** Where the addon may be: a local build first, then the prebuilt one; each before its form for older processors. */
export function* addonPaths(root: string): Generator<string> {
  yield join(root, "build", "Release", "qrag.node");
  yield join(root, "build", "baseline", "Release", "qrag.node");
  const platform = `${process.platform}-${process.arch}${usesMusl() ? "-musl" : ""}`;
  yield join(root, "prebuilds", platform, "qrag.node");
  yield join(root, "prebuilds", platform, "qrag-baseline.node");
}

/** Linux with a C library other than glibc. The report takes milliseconds: only a search for prebuilt addons makes it. */
function usesMusl(): boolean {
  if (process.platform !== "linux") return false;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  return !report?.header?.glibcVersionRuntime;
}

let loaded: NativeAddon | undefined;

/** The addon, loaded once. */
export function addon(): NativeAddon {
  // A path given by hand replaces the search: debug and sanitizer builds are loaded this way.
  const forced = process.env.QRAG_ADDON;
  loaded ??= loadAddon(forced ? [forced] : addonPaths(packageRoot()));
  return loaded;
}

function loadAddon(paths: Iterable<string>): NativeAddon {
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of paths) {
    if (!existsSync(path)) {
      tried.push(`${path}: not there`);
      continue;
    }
    try {
      const native = require(path) as NativeAddon;
      native.useErrorClass(QragError);
      return native;
    } catch (error) {
      tried.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new QragError(
    "NATIVE_MISSING",
    `qrag's native part could not be loaded on ${process.platform}-${process.arch}. Tried:\n` +
      `${tried.map((line) => `  ${line}`).join("\n")}\n` +
      "In a git checkout run `npm run build:native` (it needs cmake and a C++17 compiler); " +
      "in an Electron app unpack qrag from the asar archive; otherwise reinstall qrag.",
  );
}
