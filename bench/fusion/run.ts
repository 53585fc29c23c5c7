// Our fusion beside vstash's own code on the same lists: npx tsx bench/fusion/run.ts; the exit code says whether they agree.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../base/package_root.ts";
import { countOption, end, optionsOf } from "../../scripts/command_line.ts";
import { type Case, casesOf } from "./cases.ts";
import { type Comparison, compare, reasons, type Theirs } from "./compare.ts";

const options = optionsOf(
  `Usage: npx tsx bench/fusion/run.ts [options]

  --cases N      searches to compare (default 4000)

QRAG_PYTHON is a Python with vstash. Without it, vstash is installed from PyPI into build/vstash, with python3.`,
  { cases: { type: "string", default: "4000" } },
);
const count = countOption("--cases", options.cases);

/** The version that was compared; another may do otherwise. */
const wanted = "vstash==0.39.0";

function pythonWithVstash(): string {
  if (process.env.QRAG_PYTHON) return process.env.QRAG_PYTHON;
  const folder = join(packageRoot(), "build", "vstash");
  const python = join(folder, "bin", "python");
  if (!existsSync(python)) runOrEnd("python3", ["-m", "venv", folder]);
  runOrEnd(python, ["-m", "pip", "install", "--quiet", wanted]);
  return python;
}

function runOrEnd(program: string, args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return stdout;
  return end(2, `${program} ${args.join(" ")} failed${error ? `: ${error.message}` : ""}`);
}

function theirs(cases: readonly Case[]): { results: Theirs[]; versions: string } {
  const folder = mkdtempSync(join(tmpdir(), "qrag-fusion-"));
  try {
    const [input, output] = [join(folder, "cases.json"), join(folder, "results.json")];
    writeFileSync(input, JSON.stringify(cases));
    const script = join(packageRoot(), "bench", "peers", "vstash_fusion.py");
    const said = runOrEnd(pythonWithVstash(), [script, input, output]);
    const { vstash, python } = JSON.parse(said) as { vstash: string; python: string };
    const versions = `vstash ${vstash}, Python ${python}`;
    return { results: JSON.parse(readFileSync(output, "utf8")), versions };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const kinds: readonly { name: string; has: (one: Case) => boolean }[] = [
  { name: "both, weights given", has: ({ mode, weights }) => mode === "hybrid" && !!weights },
  { name: "both, weights by words", has: ({ mode, weights }) => mode === "hybrid" && !weights },
  { name: "vectors alone", has: ({ mode }) => mode === "vec_only" },
  { name: "keywords alone", has: ({ mode }) => mode === "fts_only" },
];

/** Of three decimals, and of the arithmetic before. */
const roundingError = 0.000_500_1;

const cases = casesOf(count);
const { results, versions } = theirs(cases);
const compared = cases.map((one, index) => ({ one, found: compare(one, results[index]!) }));
const places = results.reduce((sum, { chosen }) => sum + chosen.length, 0);
console.log(`${versions}: ${count} searches with ${places} places\n`);
const counted = (list: readonly Comparison[], holds: (found: Comparison) => boolean) =>
  list.filter(holds).length;
for (const { name, has } of kinds) {
  const list = compared.filter(({ one }) => has(one)).map(({ found }) => found);
  const equal = counted(list, (found) => found.equal);
  console.log(`${name.padEnd(24)}${equal} of ${list.length} rankings equal`);
}
const all = compared.map(({ found }) => found);
for (const [reason, words] of Object.entries(reasons)) {
  console.log(`\n${counted(all, (found) => found.reason === reason)} differ because ${words}.`);
}
const off = Math.max(...all.map(({ weightOff }) => weightOff));
console.log(`The weights differ by ${off.toExponential(1)} at most.`);
const exact = counted(all, (found) => found.exact);
console.log(
  `\nWith all of it as vstash has it, ${exact} of ${count} are equal, every score to the last bit.`,
);
if (exact < count || off > roundingError) process.exitCode = 1;
