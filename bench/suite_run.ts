// One suite's contenders, one after the other: their answers, times, starts and memory, each from a process of its own.
import { execFileSync, spawnSync } from "node:child_process";
import type { Case, Suite } from "./cases.ts";
import {
  type Answers,
  type CaseResult,
  expected,
  type Job,
  type Task,
  type Timed,
} from "./exchange.ts";
import type { Entry } from "./lineup/entry.ts";
import { type Result, resultOf } from "./report.ts";

type Times = Omit<Timed, "name">;

/** How often what is run. */
export interface Rounds {
  of(each: Case): Times;
  readonly starts: number;
  readonly memory: boolean;
}

/** Many passages say as much in a few calls, and answering has warmed up for them. */
const roundsOf = (single: Times, hundred: Times, thousand: Times) => (each: Case) =>
  each.passages === 1 ? single : each.passages === 100 ? hundred : thousand;

export const full: Rounds = {
  of: roundsOf(
    { warmUp: true, least: 5, most: 40, enoughMs: 10_000 },
    { warmUp: false, least: 3, most: 8, enoughMs: 15_000 },
    { warmUp: false, least: 1, most: 5, enoughMs: 12_000 },
  ),
  starts: 9,
  memory: true,
};

export const quick: Rounds = {
  of: roundsOf(
    { warmUp: true, least: 3, most: 10, enoughMs: 300 },
    { warmUp: false, least: 1, most: 3, enoughMs: 300 },
    { warmUp: false, least: 1, most: 1, enoughMs: 0 },
  ),
  starts: 3,
  memory: false,
};

interface Settings extends Pick<Job, "folder" | "kernels" | "threads"> {
  readonly script: string;
  readonly rounds: Rounds;
}

export class SuiteRun {
  readonly results: Result[] = [];
  readonly #suite: Suite;
  readonly #settings: Settings;
  /** Resident memory of a Node process that has done nothing. */
  readonly #emptyResident: number;
  readonly #deviations = new Map<string, number>();

  constructor(suite: Suite, settings: Settings) {
    this.#suite = suite;
    this.#settings = settings;
    const print = ["--eval", "console.log(process.memoryUsage().rss)"];
    this.#emptyResident = Number(execFileSync(process.execPath, print, { encoding: "utf8" }));
  }

  contend({ name, cases, reference }: Entry): void {
    const { folder, rounds, threads } = this.#settings;
    const { timed, coldStart, memory } = this.#suite;
    if (reference !== undefined && !this.#deviations.has(reference)) {
      throw new Error(`${reference} gave no answers`);
    }
    const task: Task = {
      kind: "time",
      timed: timed
        .filter((each) => cases.includes(each.name))
        .map((each) => ({ name: each.name, ...rounds.of(each) })),
      ...(reference === undefined ? {} : { reference }),
    };
    const [answers, ...measured] = this.#lines(name, task) as [Answers, ...CaseResult[]];
    expected.write(folder, name, answers.answers);
    this.#deviations.set(name, answers.deviation);
    if (cases.includes(coldStart.name)) measured.push(this.#coldStart(name));
    if (cases.includes(memory.name) && rounds.memory) {
      measured.push(...(this.#lines(name, { kind: "memory" }) as CaseResult[]));
    }
    for (const each of measured) {
      this.results.push(resultOf(name, threads, each, this.#emptyResident));
    }
  }

  /** A line a contender. */
  deviations(): string {
    return [...this.#deviations]
      .map(([name, deviation]) =>
        [this.#suite.name.padEnd(12), name.padEnd(21), deviation.toFixed(4)].join(" "),
      )
      .join("\n");
  }

  #coldStart(name: string): CaseResult {
    const starts = Array.from({ length: this.#settings.rounds.starts }, () => {
      const started = performance.timeOrigin + performance.now();
      return this.#lines(name, { kind: "cold-start", started })[0] as CaseResult;
    });
    return { ...starts[0]!, samples: starts.flatMap(({ samples }) => samples) };
  }

  #lines(contender: string, task: Task): (Answers | CaseResult)[] {
    const { script, rounds, ...settings } = this.#settings;
    const job: Job = { suite: this.#suite.name, contender, task, ...settings };
    const { status, signal, stdout } = spawnSync(process.execPath, [script, JSON.stringify(job)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(`its process ended with ${signal ?? status}`);
    const lines = stdout.trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Answers | CaseResult);
  }
}
