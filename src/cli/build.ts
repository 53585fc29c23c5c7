// qrag build: compiles the native part where the package brings none that loads.
import { QragError } from "../../base/errors.ts";
import { packageRoot } from "../../base/package_root.ts";
import { addonPaths, type Form } from "../../native/addon_paths.ts";
import { checkCompilable, compileAddon } from "../../native/compile/compile.ts";
import { buildNeeds } from "../../native/compile/tools.ts";
import { findAddon } from "../../native/loader.ts";
import { type Failure, isCheckout, needsBaseline } from "../../native/remedy.ts";
import { parseArguments } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { printable, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";

const help = `Usage: qrag build [options]

Compiles qrag's native part for this machine, from the sources in the package, unless there is one that loads. It takes
a few minutes and no network, but needs ${buildNeeds}.

Options:
      --force           compile although one is there
      --json            print JSON: {path, compiled}
  -h, --help            print this help

Example:
  npx qrag build
`;

export const command: Command = {
  help,
  async run(args, io) {
    const { values } = parseArguments(args, { force: { type: "boolean" } }, []);
    const { force = false, json = false } = values;
    const root = packageRoot();
    // With --force nothing is loaded before it is replaced.
    const found = findAddon(force ? [] : addonPaths(root));
    const path = found.native ? found.path : await compileUsable(root, found.failures, io);
    if (json) await writeJson(io, { path, compiled: !found.native });
    else io.stderr.write(`${found.native ? "Already there" : "Compiled"}: ${printable(path)}\n`);
    return exitCodes.done;
  },
};

/** Compiles the form that this processor runs; whether it does is known when it is loaded. */
async function compileUsable(root: string, failures: readonly Failure[], io: Io): Promise<string> {
  if (isCheckout(root)) {
    const message = `${root} is a checkout of qrag: run \`npm run build:native\` there.`;
    throw new QragError("INPUT_INVALID", message);
  }
  checkCompilable(root);
  const { signal } = io;
  const bar = progressBar(io, "compiling");
  io.stderr.write("Compiling qrag's native part. This takes a few minutes.\n");
  const compiled = async (form: Form) => {
    const options = { root, form, onProgress: bar.update, signal };
    return findAddon([await compileAddon(options).finally(bar.clear)]);
  };
  let result = await compiled(needsBaseline(failures) ? "baseline" : "standard");
  if (!result.native && needsBaseline(result.failures)) result = await compiled("baseline");
  if (result.native) return result.path;
  const [failure] = result.failures;
  throw new QragError("NATIVE_MISSING", `${failure!.path} does not load: ${failure!.reason}`);
}
