// Gathers in vendor/ what others wrote of the native part: ggml out of node-llama-cpp's git bundle, Node-API's headers from npm.
// The addon is compiled from it here, and wherever `qrag build` compiles what was published. Delete it to gather it anew.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { vendorFolder } from "../native/compile/cmake.ts";
import { root, run } from "./build_tools.ts";

const vendor = vendorFolder(root);
/** Says what vendor/ was gathered from. */
const note = "versions.json";

/** Of llama.cpp: ggml for the CPU, without what CMakeLists.txt switches off and without machines that cannot read models. */
const ggmlFiles = [
  "LICENSE",
  "ggml/CMakeLists.txt",
  "ggml/cmake",
  "ggml/include",
  ":(glob)ggml/src/*",
  "ggml/src/ggml-cpu",
  ...["kleidiai", "spacemit", "arch/s390", "arch/wasm"].map(
    (folder) => `:(exclude)ggml/src/ggml-cpu/${folder}`,
  ),
];

const headerFiles = {
  "node-addon-api": ["LICENSE.md", "napi.h", "napi-inl.h", "napi-inl.deprecated.h"],
  "node-api-headers": ["LICENSE", "include", "def"],
};

const installed = (...path: readonly string[]) => join(root, "node_modules", ...path);

/** Gathers vendor/ where it is missing, or a package it comes from has another version. */
export function updateVendor(): void {
  const versions = ["node-llama-cpp", ...Object.keys(headerFiles)].map((name) => [
    name,
    JSON.parse(readFileSync(installed(name, "package.json"), "utf8")).version,
  ]);
  const wanted = `${JSON.stringify(Object.fromEntries(versions), null, 2)}\n`;
  const present = join(vendor, note);
  if (!existsSync(present) || readFileSync(present, "utf8") !== wanted) gather(wanted);
}

function gather(versions: string): void {
  const unfinished = `${vendor}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  extractGgml(unfinished);
  for (const [name, files] of Object.entries(headerFiles)) {
    for (const file of files) {
      cpSync(installed(name, file), join(unfinished, name, file), { recursive: true });
    }
  }
  writeFileSync(join(unfinished, note), versions);
  rmSync(vendor, { recursive: true, force: true });
  renameSync(unfinished, vendor);
}

function extractGgml(folder: string): void {
  const clone = join(folder, "llama.cpp");
  const bundle = installed("node-llama-cpp", "llama", "gitRelease.bundle");
  const quiet = ["-c", "advice.detachedHead=false"];
  run("git", [...quiet, "clone", "--quiet", "--depth", "1", "--no-checkout", bundle, clone]);
  run("git", [...quiet, "checkout", "HEAD", "--quiet", "--", ...ggmlFiles], { cwd: clone });
  renameSync(join(clone, "ggml"), join(folder, "ggml"));
  renameSync(join(clone, "LICENSE"), join(folder, "ggml", "LICENSE"));
  rmSync(clone, { recursive: true, force: true });
}
