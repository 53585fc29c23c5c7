// Builds the addon: checks the tools, extracts ggml from node-llama-cpp's bundle once, and hands over to cmake-js.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { answers, checkTools, fail, root, run } from "./build_tools.ts";

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

/** The ggml folder of the pinned node-llama-cpp's llama.cpp sources, extracted once per version. */
function ggmlSources(): string {
  const carrier = join(root, "node_modules", "node-llama-cpp");
  const { version } = JSON.parse(readFileSync(join(carrier, "package.json"), "utf8"));
  const target = join(root, "native", ".ggml", version);
  if (existsSync(target)) return join(target, "ggml");
  const unfinished = `${target}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(unfinished), { recursive: true });
  const bundle = join(carrier, "llama", "gitRelease.bundle");
  const quiet = ["-c", "advice.detachedHead=false"];
  run("git", [...quiet, "clone", "--quiet", "--depth", "1", "--no-checkout", bundle, unfinished]);
  run("git", [...quiet, "checkout", "HEAD", "--quiet", "--", "ggml", "LICENSE"], {
    cwd: unfinished,
  });
  rmSync(join(unfinished, ".git"), { recursive: true, force: true });
  renameSync(unfinished, target);
  return join(target, "ggml");
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
const definitions = [`-DQRAG_GGML_DIR=${ggmlSources()}`, `-DQRAG_SANITIZE=${options.sanitize}`];
if (options.baseline) definitions.push("-DQRAG_BASELINE=ON");
if (options.arm) {
  definitions.push(`-DCMAKE_TOOLCHAIN_FILE=${join(root, "native", "aarch64.cmake")}`);
}
const buildType = options.debug || options.sanitize ? "RelWithDebInfo" : "Release";
const kinds = (["arm", "debug", "baseline"] as const).filter((kind) => options[kind]);
const sanitizers = options.sanitize.split(",").filter((name) => name !== "");
const flavour = [...kinds, ...sanitizers].join("-");
const jobs = String(availableParallelism());

if (options.tests || options.bench) {
  const target = options.bench ? "qrag_kernel_bench" : "qrag_native_tests";
  const folder = join(root, "build", `tests-${flavour || "release"}`);
  const definition = [`-DCMAKE_BUILD_TYPE=${buildType}`, "-DQRAG_TESTS=ON", ...definitions];
  run("cmake", ["-S", root, "-B", folder, ...definition]);
  run("cmake", ["--build", folder, "--parallel", jobs, "--target", target]);
  const program = join(folder, target);
  if (options.arm) runOnArm(program);
  else run(program, positionals);
} else {
  const cmakeJs = join(root, "node_modules", "cmake-js", "bin", "cmake-js");
  const defines = definitions.map((definition) => definition.replace(/^-D/, "--CD"));
  const folder = join(root, "build", ...(flavour ? [flavour] : []));
  const parallel = ["--parallel", jobs];
  run(process.execPath, [
    cmakeJs,
    "compile",
    "--out",
    folder,
    "--config",
    buildType,
    ...parallel,
    ...defines,
  ]);
}
