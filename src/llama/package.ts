// The package node-llama-cpp, which is loaded only when something asks for it.
import { QragError } from "../../base/errors.ts";
import { reasonOf } from "../../base/reason.ts";

export type Package = typeof import("node-llama-cpp");

/** `needed`: what asks for it, as an error names it. Tests pass a loader of their own. */
export async function loadPackage(
  needed: string,
  load: () => Promise<Package> = () => import("node-llama-cpp"),
): Promise<Package> {
  try {
    return await load();
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    const message = missing
      ? `${needed} needs the package node-llama-cpp, which is not installed: npm install node-llama-cpp`
      : `The package node-llama-cpp could not be loaded: ${reasonOf(cause)}`;
    throw new QragError("NATIVE_MISSING", message, { cause });
  }
}
