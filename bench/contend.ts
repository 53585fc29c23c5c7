// One contender, one process: does what its job says and prints what it measured, a line of JSON each.
import { setTimeout } from "node:timers/promises";
import { suiteOf } from "./cases.ts";
import type { Contender } from "./contenders/contender.ts";
import { deviationFrom } from "./deviation.ts";
import {
  type Answers,
  answersCalls,
  type CaseResult,
  calls,
  expected,
  type Job,
  type Timed,
} from "./exchange.ts";
import { entries } from "./lineup/entries.ts";

const print = (line: Answers | CaseResult) => console.log(JSON.stringify(line));

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The answers, or an error if they are not those of the reference. */
async function answersOf(
  contender: Contender,
  { folder, suite }: Job,
  reference: string | undefined,
  tolerance: number,
): Promise<Answers> {
  const answers: number[][] = [];
  for (const call of calls.read(folder, answersCalls(suite))) {
    for (const answer of await contender.answer(call)) {
      answers.push(typeof answer === "number" ? [answer] : [...answer]);
    }
  }
  const deviation = reference ? deviationFrom(expected.read(folder, reference), answers) : 0;
  // Written so that a NaN is refused too.
  if (!(deviation <= tolerance)) {
    throw new Error(
      `wrong answers: they differ from the reference's by ${deviation.toFixed(3)} of its spread, ` +
        `${tolerance} are allowed`,
    );
  }
  return { answers, deviation };
}

async function samplesOf(contender: Contender, folder: string, timed: Timed): Promise<number[]> {
  const [first, ...rest] = calls.read(folder, timed.name);
  if (timed.warmUp) await contender.answer(first!);
  const samples: number[] = [];
  const begun = performance.now();
  while (
    samples.length < timed.least ||
    (samples.length < timed.most && performance.now() - begun < timed.enoughMs)
  ) {
    const call = rest[samples.length % rest.length]!;
    samples.push(await milliseconds(() => contender.answer(call)));
  }
  return samples;
}

/** V8 gives back what loading left behind after some seconds in which nothing is allocated. */
const settlingMs = 20_000;

async function main(job: Job): Promise<void> {
  const { folder, threads, task } = job;
  const suite = suiteOf(job.suite);
  const entry = entries(suite, job.kernels).find(({ name }) => name === job.contender)!;
  const contender = await entry.open(folder, threads);
  const { build } = contender;
  if (task.kind === "cold-start") {
    const { name } = suite.coldStart;
    await contender.answer(calls.read(folder, name)[0]!);
    const now = performance.timeOrigin + performance.now();
    print({ name, build, samples: [now - task.started] });
  } else if (task.kind === "memory") {
    const { name } = suite.memory;
    const samples: number[] = [];
    for (const call of calls.read(folder, name)) {
      samples.push(await milliseconds(() => contender.answer(call)));
    }
    const resident = process.memoryUsage().rss;
    await setTimeout(settlingMs);
    print({ name, build, samples, resident, settled: process.memoryUsage().rss });
  } else {
    print(await answersOf(contender, job, task.reference, entry.tolerance ?? 0));
    for (const timed of task.timed) {
      print({ name: timed.name, build, samples: await samplesOf(contender, folder, timed) });
    }
  }
  await contender.close();
}

await main(JSON.parse(process.argv[2]!) as Job);
