// Compiles the addon from the sources in this package, for the machine it is on.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeAtomically } from "../../base/atomic_file.ts";
import { QragError } from "../../base/errors.ts";
import { makeFolder } from "../../base/make_folder.ts";
import type { Progress } from "../../base/progress.ts";
import { builtAddon, type Form } from "../addon_paths.ts";
import { cmakeCalls, vendorFolder } from "./cmake.ts";
import { installAdvice, missingTools } from "./tools.ts";

export interface CompileOptions {
  /** The package's folder. */
  readonly root: string;
  readonly form: Form;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Of what cmake and the compilers say, this many characters are shown when they fail: the last ones. */
const shownCharacters = 16_384;

/** The path of the new addon, which replaces one that is there when all is done. */
export async function compileAddon(options: CompileOptions): Promise<string> {
  const { root, form, onProgress, signal } = options;
  const path = builtAddon(root, form);
  await makeFolder(dirname(path));
  // Package folders may be deep, shared or watched; only the result goes there.
  const folder = await mkdtemp(join(tmpdir(), "qrag-build-"));
  try {
    const definitions = [`QRAG_BASELINE=${form === "baseline" ? "ON" : "OFF"}`];
    for (const args of cmakeCalls({ root, folder, definitions })) {
      await cmake(args, onProgress, signal);
    }
    const bytes = await readFile(join(folder, "Release", "qrag.node"));
    await writeAtomically(path, { force: true, signal }, (sink) => sink.write(bytes));
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Refuses where sources or programs are missing; worth asking before minutes of work are announced. */
export function checkCompilable(root: string): void {
  const vendor = vendorFolder(root);
  if (!existsSync(vendor)) {
    const message = `${vendor} is missing, so qrag cannot be compiled here. Install qrag again.`;
    throw new QragError("NATIVE_MISSING", message);
  }
  const missing = missingTools();
  if (missing.length === 0) return;
  throw new QragError(
    "NATIVE_MISSING",
    `compiling qrag's native part needs ${missing.join(" and ")}.\n` +
      `${installAdvice()}\nThen run this command again.`,
  );
}

async function cmake(
  args: readonly string[],
  onProgress: CompileOptions["onProgress"],
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // In a process group of its own, so that an interrupt ends the compilers too.
  const grouped = process.platform !== "win32";
  const child = spawn("cmake", args, { stdio: ["ignore", "pipe", "pipe"], detached: grouped });
  const stop = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    if (grouped) process.kill(-child.pid, "SIGTERM");
    else child.kill();
  };
  signal.addEventListener("abort", stop, { once: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-shownCharacters);
      // So make and Ninja begin the line of each file.
      const [, percent, done = percent, total = 100] =
        /^\[ *(?:(\d+)%|(\d+)\/(\d+))\]/m.exec(text) ?? [];
      if (done !== undefined) onProgress({ done: Number(done), total: Number(total) });
    });
  }
  try {
    const [status] = await once(child, "close");
    signal.throwIfAborted();
    if (status === 0) return;
    throw new QragError(
      "NATIVE_MISSING",
      `qrag's native part could not be compiled. cmake and the compiler said at last:\n${said}`,
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
