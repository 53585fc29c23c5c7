// Where the addon may lie in this package, and what each place is called.
import { join } from "node:path";

/** The baseline form is for x86-64 processors without AVX2. */
export type Form = "standard" | "baseline";

/** Compiled on this machine. */
export function builtAddon(root: string, form: Form = "standard"): string {
  const folder = join(root, "build", ...(form === "baseline" ? [form] : []));
  return join(folder, "Release", "qrag.node");
}

/** Packed with the package. */
export function prebuiltAddon(root: string, form: Form = "standard"): string {
  const platform = `${process.platform}-${process.arch}${usesMusl() ? "-musl" : ""}`;
  const name = form === "baseline" ? "qrag-baseline.node" : "qrag.node";
  return join(root, "prebuilds", platform, name);
}

/** Where to look: a local build first, then the prebuilt one; each before its form for older processors. */
export function* addonPaths(root: string): Generator<string> {
  for (const place of [builtAddon, prebuiltAddon]) {
    yield place(root);
    yield place(root, "baseline");
  }
}

/** Linux with a C library other than glibc. The report takes milliseconds: only a search for prebuilt addons makes it. */
function usesMusl(): boolean {
  if (process.platform !== "linux") return false;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  return !report?.header?.glibcVersionRuntime;
}
