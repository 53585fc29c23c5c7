// One contender, one process: does what its job says and prints what it measured, a line of JSON each.
import { setTimeout } from "node:timers/promises";
import { batch, coldStart, memory } from "./cases.ts";
import type { Contender } from "./contenders/contender.ts";
import { type Answers, type CaseResult, type Job, readCalls, type Timed } from "./exchange.ts";
import { entries } from "./lineup.ts";

const print = (line: Answers | CaseResult) => console.log(JSON.stringify(line));

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The answers, or an error if they are not those of the reference. */
async function answersOf(
  contender: Contender,
  folder: string,
  expected: readonly number[] | undefined,
  tolerance: number,
): Promise<Answers> {
  const margins: number[] = [];
  for (const call of readCalls(folder, "answers")) margins.push(...(await contender.judge(call)));
  const deviation = expected ? deviationFrom(expected, margins) : 0;
  // Written so that a NaN is refused too.
  if (!(deviation <= tolerance)) {
    throw new Error(
      `wrong answers: they differ from the reference's by ${deviation.toFixed(3)} of its spread, ` +
        `${tolerance} are allowed`,
    );
  }
  return { margins, deviation };
}

/** Root mean square of the differences, over the spread of what was expected. */
function deviationFrom(expected: readonly number[], given: readonly number[]): number {
  if (given.length !== expected.length) return Number.NaN;
  const sum = (items: readonly number[]) => items.reduce((total, item) => total + item, 0);
  const mean = sum(expected) / expected.length;
  const spread = sum(expected.map((item) => (item - mean) ** 2));
  return Math.sqrt(sum(expected.map((item, i) => (given[i]! - item) ** 2)) / spread);
}

async function samplesOf(contender: Contender, folder: string, timed: Timed): Promise<number[]> {
  const [first, ...calls] = readCalls(folder, timed.name);
  if (timed.warmUp) await contender.judge(first!);
  const samples: number[] = [];
  const begun = performance.now();
  while (
    samples.length < timed.least ||
    (samples.length < timed.most && performance.now() - begun < timed.enoughMs)
  ) {
    const call = calls[samples.length % calls.length]!;
    samples.push(await milliseconds(() => contender.judge(call)));
  }
  return samples;
}

/** V8 gives back what loading left behind after some seconds in which nothing is allocated. */
const settlingMs = 20_000;

async function main(): Promise<void> {
  const { contender: name, kernels, folder, threads, task } = JSON.parse(process.argv[2]!) as Job;
  const entry = entries(kernels).find((each) => each.name === name)!;
  const contender = await entry.open(folder, threads);
  const { build } = contender;
  if (task.kind === "cold-start") {
    await contender.judge(readCalls(folder, coldStart.name)[0]!);
    const now = performance.timeOrigin + performance.now();
    print({ name: coldStart.name, build, samples: [now - task.started] });
  } else if (task.kind === "memory") {
    const samples: number[] = [];
    for (const call of readCalls(folder, batch.name)) {
      samples.push(await milliseconds(() => contender.judge(call)));
    }
    const resident = process.memoryUsage().rss;
    await setTimeout(settlingMs);
    print({ name: memory.name, build, samples, resident, settled: process.memoryUsage().rss });
  } else {
    print(await answersOf(contender, folder, task.expected, entry.tolerance ?? 0));
    for (const timed of task.timed) {
      print({ name: timed.name, build, samples: await samplesOf(contender, folder, timed) });
    }
  }
  await contender.close();
}

await main();
