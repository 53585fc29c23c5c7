// Where the patched llama.cpp is, for tests that need it: they are skipped without it, unless QRAG_LLAMA=required.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { patchedBuild } from "../native/llama.cpp/patched_build.ts";

const llama = join(import.meta.dirname, "..", "node_modules", "node-llama-cpp", "llama");

function patchedFolder(): string | undefined {
  const note = join(llama, "lastBuild.json");
  if (!existsSync(note)) return undefined;
  const folder = join(llama, "localBuilds", JSON.parse(readFileSync(note, "utf8")).folderName);
  const metadata = join(folder, "Release", "_nlcBuildMetadata.json");
  if (!existsSync(metadata)) return undefined;
  const { customCmakeOptions } = JSON.parse(readFileSync(metadata, "utf8")).buildOptions;
  return customCmakeOptions.QRAG_PATCH === patchedBuild.QRAG_PATCH ? folder : undefined;
}

const folder = patchedFolder();
const server = folder && join(folder, "bin", "llama-server");

/** The patched llama-server, built together with node-llama-cpp's binding. */
export const patchedServer = server && existsSync(server) ? server : undefined;

if (!patchedServer && process.env.QRAG_LLAMA === "required") {
  throw new Error(
    "The patched llama.cpp is not built: npm run build:llama -- --gpu false --server",
  );
}

/** For the name of a test that is skipped. */
export const unlessPatched = patchedServer
  ? ""
  : " (skipped: npm run build:llama -- --gpu false --server)";
