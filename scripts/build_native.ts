// Builds the addon in its forms, and the native tests, which it runs.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { availableProcessors } from "../base/processors.ts";
import { cmakeCalls } from "../native/compile/cmake.ts";
import { answers } from "../native/compile/tools.ts";
import { checkTools, fail, root, run } from "./build_tools.ts";
import { updateVendor } from "./vendor.ts";

const usage = `Usage:
  tsx scripts/build_native.ts                            the addon, build/Release/qrag.node
  tsx scripts/build_native.ts --baseline                 for x86-64 processors without AVX2, build/baseline
  tsx scripts/build_native.ts --debug                    with assertions, build/debug
  tsx scripts/build_native.ts --sanitize address         with a sanitizer, build/address
  tsx scripts/build_native.ts --tests [--sanitize ...]   the native tests, built and run
  tsx scripts/build_native.ts --tests --arm              the same for 64-bit ARM, cross-compiled and run under qemu-user
  tsx scripts/build_native.ts --bench [WORDS]            how fast each kernel is by itself, built and run; --bench help
                                                         says which words it takes`;

const { values: options, positionals } = readOptions();

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        arm: { type: "boolean", default: false },
        baseline: { type: "boolean", default: false },
        bench: { type: "boolean", default: false },
        debug: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        sanitize: { type: "string", default: "" },
        tests: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    // Node goes on with advice on positional arguments.
    const [sentence] = (error as Error).message.split(/\. |\n/);
    return fail(`${sentence} (--help says which there are)`, 2);
  }
}

/** Models of processors that qemu knows, and the best kernel set of each. */
const armProcessors = [
  ["cortex-a53", "neon"],
  ["cortex-a76", "neon-dotprod"],
  ["max", "neon-i8mm"],
] as const;

function checkArmTools(): void {
  const missing = ["aarch64-linux-gnu-g++", "qemu-aarch64"].filter((tool) => !answers(tool));
  if (missing.length === 0) return;
  fail(
    `the tests for 64-bit ARM need ${missing.join(" and ")}.\n` +
      "  Debian, Ubuntu: sudo apt-get install g++-aarch64-linux-gnu qemu-user",
  );
}

/** Runs the tests on every model of processor, and checks that the set meant for it was among them. */
function runOnArm(program: string): void {
  for (const [processor, best] of armProcessors) {
    const { status, stdout } = spawnSync("qemu-aarch64", ["-cpu", processor, program], {
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
    });
    console.log(`${processor}: ${stdout.trim().replaceAll("\n", "\n  ")}`);
    if (status !== 0) fail(`the native tests failed on ${processor} (see above)`);
    if (!stdout.startsWith(`kernels: ${best} `)) fail(`${processor} should have run ${best} first`);
  }
}

if (options.help) {
  console.log(usage);
  process.exit(0);
}
if (positionals.length > 0 && !options.bench) {
  fail(`unexpected argument ${JSON.stringify(positionals[0])} (--help says what there is)`, 2);
}
checkTools();
if (options.arm) checkArmTools();
const definitions = [`QRAG_SANITIZE=${options.sanitize}`];
if (options.baseline) definitions.push("QRAG_BASELINE=ON");
if (options.arm) {
  definitions.push(`CMAKE_TOOLCHAIN_FILE=${join(root, "native", "aarch64.cmake")}`);
}
const configuration = options.debug || options.sanitize ? "RelWithDebInfo" : "Release";
const kinds = (["arm", "debug", "baseline"] as const).filter((kind) => options[kind]);
const sanitizers = options.sanitize.split(",").filter((name) => name !== "");
const flavour = [...kinds, ...sanitizers].join("-");

function build(folder: string, target: string, ...more: string[]): void {
  const all = [...definitions, ...more];
  updateVendor();
  const calls = cmakeCalls({ root, folder, configuration, definitions: all, target });
  for (const args of calls) run("cmake", args);
}

if (options.tests || options.bench) {
  const target = options.bench ? "qrag_kernel_bench" : "qrag_native_tests";
  const folder = join(root, "build", `tests-${flavour || "release"}`);
  build(folder, target, "QRAG_TESTS=ON");
  const program = join(folder, target);
  if (options.arm) runOnArm(program);
  else run(program, positionals);
} else {
  updateVendor();
  // It knows each system's generators and compilers; an installed package has cmake alone, and makes the same calls.
  const cmakeJs = join(root, "node_modules", "cmake-js", "bin", "cmake-js");
  const folder = join(root, "build", ...(flavour ? [flavour] : []));
  const defined = definitions.map((definition) => `--CD${definition}`);
  const jobs = String(availableProcessors());
  const wanted = ["--config", configuration, "--target", "qrag", "--parallel", jobs];
  run(process.execPath, [cmakeJs, "compile", "--out", folder, ...wanted, ...defined]);
}
