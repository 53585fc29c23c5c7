// Times qrag against its peers, all in one run, each in a process of its own; the tables say how many times as long they take.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { addon } from "../native/loader.ts";
import { countOption, end, optionsOf } from "../scripts/command_line.ts";
import { memoryCalls, type Suite, suites } from "./cases.ts";
import { bundleContend, int8For, makeCalls, makeModels } from "./files.ts";
import { entries } from "./lineup/entries.ts";
import { lineup } from "./lineup/lineup.ts";
import { plotOf } from "./plot.ts";
import { type Report, tableOf } from "./report.ts";
import { full, quick, SuiteRun } from "./suite_run.ts";

const options = optionsOf(
  `Usage: npm run bench -- [options]

  --suite NAME   only suites whose name begins so: ${suites.map(({ name }) => name).join(", ")}
  --only NAME    only contenders whose name begins so, as in --only ort:, and qrag itself
  --quick        few contenders, few rounds, no memory: about a minute on a quiet machine
  --json FILE    the results as JSON too; - for standard output, and no table
  --plot FILE    and as an SVG picture
  --threads N    default: the processors of this machine

Weights are random. QRAG_REAL_MODELS names the folder of all-MiniLM-L6-v2, for l6-vectors to run on its weights.`,
  {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    plot: { type: "string" },
    only: { type: "string", default: "" },
    suite: { type: "string", default: "" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
);
const threads = countOption("--threads", options.threads);
const kernels = addon().kernels();
const rounds = options.quick ? quick : full;

const note = (line: string) => process.stderr.write(`${line}\n`);
const seconds = (begun: number) => `${((performance.now() - begun) / 1000).toFixed(1)} s`;

/** In a folder of its own, since all suites' files together would be gigabytes. */
async function runSuite(suite: Suite, script: string): Promise<SuiteRun | undefined> {
  const taking = lineup(entries(suite, kernels), options);
  for (const line of taking.skipped) note(line);
  if (taking.entries.length === 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "qrag-bench-"));
  try {
    let begun = performance.now();
    const wanted = new Set(taking.entries.flatMap(({ file }) => file ?? []));
    await makeModels(folder, wanted, int8For(kernels));
    await makeCalls(folder, suite, (each) =>
      each === suite.memory ? memoryCalls : rounds.of(each).most + 1,
    );
    note(`${suite.name}: files ${seconds(begun)}`);
    const run = new SuiteRun(suite, { folder, script, kernels, threads, rounds });
    for (const entry of taking.entries) {
      begun = performance.now();
      try {
        run.contend(entry);
        note(`${suite.name}: ${entry.name} ${seconds(begun)}`);
      } catch (error) {
        // One that fails is told of and fails the command; the others are measured all the same.
        note(`${suite.name}: ${entry.name} failed: ${(error as Error).message}`);
        process.exitCode = 1;
      }
    }
    return run;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

const chosen = suites.filter(({ name }) => name.startsWith(options.suite));
if (chosen.length === 0) end(2, `No suite's name begins with ${JSON.stringify(options.suite)}`);
const script = await bundleContend();
const runs: SuiteRun[] = [];
for (const suite of chosen) {
  const run = await runSuite(suite, script);
  if (run) runs.push(run);
}
const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, node ${process.version}`;
const report: Report = { machine, commit: commit(), results: runs.flatMap((run) => run.results) };
if (options.plot) {
  const caption = `${machine}, commit ${report.commit}, ${new Date().toISOString().slice(0, 10)}`;
  writeFileSync(options.plot, plotOf(report.results, caption));
}
if (options.json === "-") {
  console.log(JSON.stringify(report));
} else {
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`${machine}, commit ${report.commit}\n\n${tableOf(report.results)}\n`);
  console.log("answers before timing, distance from the reference:");
  for (const run of runs) console.log(run.deviations());
}
