// Finds the addon and loads it once. It never compiles and never downloads.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { QragError } from "../base/errors.ts";
import { packageRoot } from "../base/package_root.ts";
import { addonPaths } from "./addon_paths.ts";
import type { NativeAddon } from "./contract.ts";
import { type Failure, remedy } from "./remedy.ts";

export type Search =
  | { readonly native: NativeAddon; readonly path: string }
  | { readonly native?: undefined; readonly failures: readonly Failure[] };

let loaded: NativeAddon | undefined;

/** The addon, loaded once. */
export function addon(): NativeAddon {
  loaded ??= loadAddon();
  return loaded;
}

function loadAddon(): NativeAddon {
  // A path given by hand replaces the search: debug and sanitizer builds are loaded this way.
  const forced = process.env.QRAG_ADDON;
  const found = findAddon(forced ? [forced] : addonPaths(packageRoot()));
  if (found.native) return found.native;
  const tried = found.failures.map(({ path, reason }) => `  ${path}: ${reason}\n`);
  throw new QragError(
    "NATIVE_MISSING",
    `qrag's native part could not be loaded on ${process.platform}-${process.arch}. Tried:\n` +
      tried.join("") +
      (forced
        ? "QRAG_ADDON names this file; unset it to have qrag look for its own."
        : remedy(packageRoot(), found.failures)),
  );
}

/** Loads the first of these files that can be loaded. */
export function findAddon(paths: Iterable<string>): Search {
  const require = createRequire(import.meta.url);
  const failures: Failure[] = [];
  for (const path of paths) {
    if (!existsSync(path)) {
      failures.push({ path, reason: "not there" });
      continue;
    }
    try {
      const native = require(path) as NativeAddon;
      native.useErrorClass(QragError);
      return { native, path };
    } catch (error) {
      failures.push({ path, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { failures };
}
