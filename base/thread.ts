// Starts a thread on a file of this package, in a checkout as in an installed one.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";
import { packageRoot } from "./package_root.ts";

/** `path`: from the package's root, so that it is found from a CommonJS bundle, too; without an ending. */
export function startThread(path: readonly string[], options: WorkerOptions = {}): Worker {
  const root = packageRoot();
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(`${join(root, "dist", ...path)}.js`, options);
  }
  // In a checkout it is TypeScript, and what translates that has to be started on each thread.
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx"));
  const loader = new URL("esm/api/index.mjs", tsx).href;
  const file = pathToFileURL(`${join(root, ...path)}.ts`).href;
  const code =
    "import(process.argv[2]).then(({ register }) => (register(), import(process.argv[3])))";
  return new Worker(code, { ...options, eval: true, argv: [loader, file] });
}
