// The calls of cmake that compile the native part.
import { join } from "node:path";
import { availableProcessors } from "../../base/processors.ts";

/** What others wrote; published with the package, and gathered by scripts/vendor.ts in a checkout. */
export function vendorFolder(root: string): string {
  return join(root, "vendor");
}

export interface Build {
  /** The folder of CMakeLists.txt. */
  readonly root: string;
  /** For everything that is made; the addon is CONFIGURATION/qrag.node in it. */
  readonly folder: string;
  readonly configuration?: "Release" | "RelWithDebInfo";
  /** As NAME=VALUE. */
  readonly definitions?: readonly string[];
  readonly target?: string;
}

/** The arguments of each call, in order. */
export function cmakeCalls({
  root,
  folder,
  configuration = "Release",
  definitions = [],
  target = "qrag",
}: Build): [configure: string[], build: string[]] {
  const all = [`CMAKE_BUILD_TYPE=${configuration}`, ...definitions];
  const what = ["--config", configuration, "--target", target];
  return [
    ["-S", root, "-B", folder, ...all.map((definition) => `-D${definition}`)],
    ["--build", folder, ...what, "--parallel", String(availableProcessors())],
  ];
}
