// Builds node-llama-cpp's llama.cpp with the architecture qrag, by node-llama-cpp's own commands and without a network.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { patchedBuild } from "../native/llama.cpp/patched_build.ts";
import { checkTools, fail, root, run } from "./build_tools.ts";
import { optionsOf } from "./command_line.ts";

const options = optionsOf(
  `Usage: npm run build:llama -- [options]

  --gpu KIND        auto, metal, cuda, vulkan or false; default auto
  --server          llama-server too
  --project FOLDER  in the node-llama-cpp that is installed there; default: this checkout's

Builds the llama.cpp of node-llama-cpp with the architecture qrag; getLlama("lastBuild") then opens qrag files. A
finished build is kept in native/.llama and only copied the next time.`,
  {
    gpu: { type: "string", default: "auto" },
    project: { type: "string", default: root },
    server: { type: "boolean", default: false },
  },
);

const patch = join(root, "native", "llama.cpp", "qrag.patch");
const project = resolve(options.project);
const carrier = join(project, "node_modules", "node-llama-cpp");
const llama = join(carrier, "llama");

const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** What is left of a build when its object files are not needed any more. */
const product = ["Release", "bin", "buildDone.status"];

/** Where node-llama-cpp notes which of its builds was the last, and the folder of that build. */
const note = join(llama, "lastBuild.json");
const lastBuild = () => join(llama, "localBuilds", readJson(note).folderName);

function checkVersions(): string {
  const wanted = readJson(join(root, "package.json")).devDependencies["node-llama-cpp"];
  if (!existsSync(carrier)) fail(`node-llama-cpp is not installed in ${project}`);
  const { version } = readJson(join(carrier, "package.json"));
  if (version !== wanted) {
    fail(`the patch is for node-llama-cpp ${wanted}, and ${project} has ${version}`);
  }
  const text = readFileSync(patch, "utf8").replaceAll("\r\n", "\n");
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
  if (digest !== patchedBuild.QRAG_PATCH) {
    fail(
      `the patch has changed: set QRAG_PATCH in native/llama.cpp/patched_build.ts to "${digest}"`,
    );
  }
  return version;
}

/** node-llama-cpp's own command line. */
function nodeLlamaCpp(...args: string[]): void {
  const { bin } = readJson(join(carrier, "package.json"));
  const prefixed = Object.entries(patchedBuild).map(([name, value]) => [
    `NODE_LLAMA_CPP_CMAKE_OPTION_${name}`,
    value,
  ]);
  run(process.execPath, [join(carrier, bin["node-llama-cpp"]), ...args, "--noUsageExample"], {
    cwd: project,
    env: { ...process.env, ...Object.fromEntries(prefixed) },
  });
}

function build(): void {
  // Out of the bundle that the package carries, with node-llama-cpp's own patches.
  nodeLlamaCpp("source", "download", "--skipBuild");
  const sources = join(llama, "llama.cpp");
  run("git", ["apply", "--check", patch], { cwd: sources });
  run("git", ["apply", patch], { cwd: sources });
  nodeLlamaCpp("source", "build", "--gpu", options.gpu);
  if (options.server) buildServer(lastBuild());
}

/** Out of the same objects: the tools are configured into the tree of the build. */
function buildServer(tree: string): void {
  const tools = ["LLAMA_BUILD_TOOLS=ON", "LLAMA_BUILD_SERVER=ON"];
  // Its web page would be downloaded.
  const page = ["LLAMA_BUILD_UI=OFF", "LLAMA_USE_PREBUILT_UI=OFF"];
  run("cmake", [...[...tools, ...page].map((definition) => `-D${definition}`), tree]);
  const jobs = String(availableParallelism());
  const kind = ["--config", "Release", "--target", "llama-server"];
  run("cmake", ["--build", tree, ...kind, "--parallel", jobs]);
}

function keep(kept: string): void {
  const unfinished = `${kept}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const tree = lastBuild();
  for (const part of product.filter((part) => existsSync(join(tree, part)))) {
    cpSync(join(tree, part), join(unfinished, part), { recursive: true });
  }
  cpSync(note, join(unfinished, "lastBuild.json"));
  rmSync(kept, { recursive: true, force: true });
  renameSync(unfinished, kept);
}

function restore(kept: string): void {
  cpSync(join(kept, "lastBuild.json"), note);
  const tree = lastBuild();
  for (const part of product.filter((part) => existsSync(join(kept, part)))) {
    cpSync(join(kept, part), join(tree, part), { recursive: true });
  }
}

checkTools();
const parts = [checkVersions(), patchedBuild.QRAG_PATCH, options.gpu];
if (options.server) parts.push("server");
const kept = join(root, "native", ".llama", parts.join("-"));
if (existsSync(kept)) {
  restore(kept);
} else {
  build();
  keep(kept);
}
console.log(`qrag: the patched llama.cpp is in ${lastBuild()}`);
