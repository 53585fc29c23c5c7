// Judges pairs for a long time under full load, and says whether memory grows and the event loop keeps its pace.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { countOption, optionsOf } from "../scripts/command_line.ts";
import { loadGate } from "../src/index.ts";
import { makeModels } from "./files.ts";
import { randomNumbers } from "./published.ts";

const options = optionsOf(
  `Usage: npm run soak -- [options]

  --pairs N     default 100000
  --model FILE  default: random weights of the published shape
  --words N     in a text, on average; default 4`,
  {
    pairs: { type: "string", default: "100000" },
    model: { type: "string" },
    words: { type: "string", default: "4" },
  },
);
const pairs = countOption("--pairs", options.pairs);
const words = countOption("--words", options.words);

/** Calls in flight at any time, so that the engine's queue is never empty, and passages in each. */
const callers = 8;
const passages = 50;
/** How many lines the report has. */
const lines = 20;

/** Timers of this many milliseconds are watched; their own length does not count as delay. */
const resolution = 1;

const random = randomNumbers(11);
const word = () =>
  Array.from({ length: 1 + Math.floor(random() * 7) }, () =>
    String.fromCharCode(97 + Math.floor(random() * 26)),
  ).join("");
const text = () => Array.from({ length: 1 + Math.floor(random() * 2 * words) }, word).join(" ");

async function soak(path: string): Promise<void> {
  await using gate = await loadGate(path);
  console.log(`${gate.info.device}, ${gate.info.threads} threads, ${gate.info.weightTypes[0]}`);
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const begun = performance.now();
  let asked = 0;
  let done = 0;
  const report = () => {
    const milliseconds = (percentile: number) =>
      (delay.percentile(percentile) / 1e6 - resolution).toFixed(1);
    const { rss, heapUsed } = process.memoryUsage();
    const perSecond = (1000 * done) / (performance.now() - begun);
    console.log(
      `${String(done).padStart(8)} pairs ${perSecond.toFixed(0).padStart(5)}/s ` +
        `resident ${(rss / 1e6).toFixed(1)} MB, heap ${(heapUsed / 1e6).toFixed(1)} MB, ` +
        `loop delay p50 ${milliseconds(50)} p99 ${milliseconds(99)} p99.9 ${milliseconds(99.9)} ` +
        `max ${(delay.max / 1e6 - resolution).toFixed(1)} ms`,
    );
  };
  const step = pairs / lines;
  let next = step;
  const caller = async () => {
    while (asked < pairs) {
      asked += passages;
      const verdicts = await gate.judgeAll(text(), Array.from({ length: passages }, text));
      done += verdicts.length;
      if (done < next) continue;
      next += step;
      report();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

if (options.model) {
  await soak(options.model);
} else {
  const folder = mkdtempSync(join(tmpdir(), "qrag-soak-"));
  try {
    await makeModels(folder, new Set(["qrag-q8_0.gguf"]));
    await soak(join(folder, "qrag-q8_0.gguf"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
