// Where this package lies on the disk, and its version.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QragError } from "./errors.ts";

/** The folder that holds this package's package.json, from a source checkout, from dist/ and from a CommonJS bundle alike. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "qrag") {
      return folder;
    }
    const parent = dirname(folder);
    if (parent === folder) throw new QragError("INTERNAL", "qrag's own package.json was not found");
    folder = parent;
  }
}

/** This package's version. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version;
}
