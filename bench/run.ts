// Times qrag against its peers on random weights of the published shape, all in one run, each in a process of its own.
//
//   npm run bench                    all contenders, a table of medians and ratios
//   npm run bench -- --quick         few contenders, few rounds, no memory: under 45 seconds on a quiet machine
//   npm run bench -- --json FILE     the results as JSON too; - for standard output, and no table
//   npm run bench -- --plot FILE     and as an SVG picture
//   npm run bench -- --only ort:     contenders whose name begins so (qrag itself always runs)
//   npm run bench -- --threads N
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addon } from "../native/loader.ts";
import { coldStart, memory, memoryCalls, timedCases } from "./cases.ts";
import type { Answers, CaseResult, Job, Task, Timed } from "./exchange.ts";
import { bundleContend, makeFiles } from "./files.ts";
import { type Entry, entries, lineup } from "./lineup.ts";
import { plotOf } from "./plot.ts";
import { type Report, type Result, resultOf, tableOf } from "./report.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    plot: { type: "string" },
    only: { type: "string", default: "" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const threads = Number(options.threads);
const kernels = addon().kernels();

/** A batch is a hundred pairs: a few of them say as much, and answering has warmed up for it. */
const rounds = options.quick
  ? {
      pair: { warmUp: true, least: 3, most: 10, enoughMs: 300 },
      batch: { warmUp: false, least: 1, most: 3, enoughMs: 300 },
      starts: 3,
    }
  : {
      pair: { warmUp: true, least: 5, most: 40, enoughMs: 10_000 },
      batch: { warmUp: false, least: 3, most: 8, enoughMs: 15_000 },
      starts: 9,
    };

const note = (line: string) => process.stderr.write(`${line}\n`);
const seconds = (begun: number) => `${((performance.now() - begun) / 1000).toFixed(1)} s`;

class Run {
  readonly #folder: string;
  readonly #script: string;
  /** Resident memory of a Node process that has done nothing. */
  readonly #emptyResident: number;
  readonly #answers = new Map<string, Answers>();
  readonly results: Result[] = [];

  constructor(folder: string, script: string) {
    this.#folder = folder;
    this.#script = script;
    const print = ["--eval", "console.log(process.memoryUsage().rss)"];
    this.#emptyResident = Number(execFileSync(process.execPath, print, { encoding: "utf8" }));
  }

  contend(entry: Entry): void {
    const times = ({ name, passages }: (typeof timedCases)[number]): Timed => ({
      name,
      ...(passages === 1 ? rounds.pair : rounds.batch),
    });
    const timed = timedCases.filter(({ name }) => entry.cases.includes(name)).map(times);
    const expected = entry.reference && this.#answers.get(entry.reference)?.margins;
    if (entry.reference && !expected) throw new Error(`${entry.reference} gave no answers`);
    const task: Task = { kind: "time", timed, ...(expected ? { expected } : {}) };
    const [answers, ...measured] = this.#lines(entry.name, task) as [Answers, ...CaseResult[]];
    this.#answers.set(entry.name, answers);
    if (entry.cases.includes(coldStart.name)) measured.push(this.#coldStart(entry.name));
    if (entry.cases.includes(memory.name) && !options.quick) {
      measured.push(...(this.#lines(entry.name, { kind: "memory" }) as CaseResult[]));
    }
    for (const each of measured) {
      this.results.push(resultOf(entry.name, threads, each, this.#emptyResident));
    }
  }

  deviations(): string {
    return [...this.#answers]
      .map(([name, { deviation }]) => `${name.padEnd(21)} ${deviation.toFixed(4)}`)
      .join("\n");
  }

  #coldStart(name: string): CaseResult {
    const starts = Array.from({ length: rounds.starts }, () => {
      const task = {
        kind: "cold-start",
        started: performance.timeOrigin + performance.now(),
      } as const;
      return this.#lines(name, task)[0] as CaseResult;
    });
    return { ...starts[0]!, samples: starts.flatMap(({ samples }) => samples) };
  }

  #lines(contender: string, task: Task): (Answers | CaseResult)[] {
    const job: Job = { contender, kernels, folder: this.#folder, threads, task };
    const { status, signal, stdout } = spawnSync(
      process.execPath,
      [this.#script, JSON.stringify(job)],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 26 },
    );
    if (status !== 0) throw new Error(`its process ended with ${signal ?? status}`);
    const lines = stdout.trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Answers | CaseResult);
  }
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

async function main(folder: string): Promise<void> {
  const taking = lineup(entries(kernels), options);
  for (const line of taking.skipped) note(line);
  let begun = performance.now();
  const wanted = new Set(taking.entries.flatMap(({ file }) => file ?? []));
  const batches = options.quick ? rounds.batch.most + 1 : memoryCalls;
  await makeFiles(folder, wanted, { pairs: rounds.pair.most + 1, batches });
  const run = new Run(folder, await bundleContend());
  note(`files ${seconds(begun)}`);
  for (const entry of taking.entries) {
    begun = performance.now();
    try {
      run.contend(entry);
      note(`${entry.name} ${seconds(begun)}`);
    } catch (error) {
      // One that fails is told of and fails the command; the others are measured all the same.
      note(`${entry.name} failed: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, node ${process.version}`;
  const report: Report = { machine, commit: commit(), results: run.results };
  if (options.plot) {
    const caption = `${machine}, commit ${report.commit}, ${new Date().toISOString().slice(0, 10)}`;
    writeFileSync(options.plot, plotOf(report.results, caption));
  }
  if (options.json === "-") {
    console.log(JSON.stringify(report));
    return;
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`${machine}, commit ${report.commit}\n\n${tableOf(report.results)}\n`);
  console.log(`answers before timing, distance from the reference:\n${run.deviations()}`);
}

const folder = mkdtempSync(join(tmpdir(), "qrag-bench-"));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true });
}
