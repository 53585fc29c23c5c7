// The vector scan beside loops in JavaScript and sqlite-vec: milliseconds, bytes a second beside what memory gives, recall.
import { availableProcessors } from "../base/processors.ts";
import { addon } from "../native/loader.ts";
import { countOption, optionsOf } from "../scripts/command_line.ts";
import { readBandwidth } from "./scan/bandwidth.ts";
import { type Contender, floatLoop, integerLoop, qrag, sqliteVec } from "./scan/contenders.ts";
import { makeVectors } from "./scan/vectors.ts";

const options = optionsOf(
  `Usage: npm run bench:scan -- [options]

  --rows N        default 1000000, which take 2.5 GB of memory
  --dimensions N  default 384
  --threads N     for qrag; default: the processors there are
  --candidates N  rows that are rescored after their bits; default 1000
  --segment N     rows of a segment; default 8192
  --cluster N     rows of a cluster: the more, the more candidates it takes; default 1000
  --queries N     each is asked once of every contender, in turn; default 20`,
  {
    rows: { type: "string", default: "1000000" },
    dimensions: { type: "string", default: "384" },
    threads: { type: "string", default: String(availableProcessors()) },
    candidates: { type: "string", default: "1000" },
    segment: { type: "string", default: "8192" },
    cluster: { type: "string", default: "1000" },
    queries: { type: "string", default: "20" },
  },
);
const rows = countOption("--rows", options.rows);
const dimensions = countOption("--dimensions", options.dimensions);
const threads = countOption("--threads", options.threads);
const candidates = countOption("--candidates", options.candidates);
const segmentRows = countOption("--segment", options.segment);
const clusterRows = countOption("--cluster", options.cluster);
const queries = countOption("--queries", options.queries);

/** Hits that are wanted of each query. */
const k = 10;

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB/s`;
const milliseconds = (value: number) => `${value.toFixed(2)} ms`.padStart(11);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** The part of the exact best that was found. */
function recall(exact: readonly (readonly number[])[], found: readonly (readonly number[])[]) {
  const hits = exact.map((best, i) => best.filter((row) => found[i]!.includes(row)).length);
  return hits.reduce((sum, count) => sum + count, 0) / exact.flat().length;
}

interface Measured {
  readonly contender: Contender;
  readonly times: number[];
  readonly found: number[][];
}

/** Every query of every contender, taking turns, so that a slow moment of the machine meets all. */
async function measure(contenders: readonly Contender[], asked: readonly Float32Array[]) {
  const measured = contenders.map((contender): Measured => ({ contender, times: [], found: [] }));
  for (const contender of contenders) await contender.search(asked[0]!, k);
  for (const query of asked) {
    for (const { contender, times, found } of measured) {
      const begun = performance.now();
      found.push(await contender.search(query, k));
      times.push(performance.now() - begun);
    }
  }
  return measured;
}

function report(measured: readonly Measured[]): void {
  const exact = measured.find(({ contender }) => contender.rowBytes === 4 * dimensions)!.found;
  for (const { contender, times, found } of measured) {
    const middle = median(times);
    console.log(
      `  ${contender.name.padEnd(30)} median ${milliseconds(middle)}  best ${milliseconds(Math.min(...times))}  ` +
        `${gigabytes((rows * contender.rowBytes) / (middle / 1000)).padStart(9)}  ` +
        `recall@${k} ${recall(exact, found).toFixed(3)}`,
    );
  }
}

console.log(
  `${rows} rows x ${dimensions}, ${threads} threads, kernels ${addon().kernels()[0]}, Node ${process.version}`,
);
for (const count of new Set([1, threads])) {
  const bandwidth = await readBandwidth(count, rows * dimensions);
  console.log(
    `  memory read by ${count} thread${count > 1 ? "s" : ""}: ${gigabytes(bandwidth)}; ` +
      `at that int8 takes ${milliseconds((1000 * rows * (dimensions + 4)) / bandwidth).trim()}, ` +
      `bits ${milliseconds((1000 * rows * Math.ceil(dimensions / 8)) / bandwidth).trim()}`,
  );
}
const vectors = makeVectors({ rows, dimensions, queries, segmentRows, clusterRows });
const sqlite = await sqliteVec(vectors);
if (typeof sqlite === "string") console.log(`  ${sqlite}`);
const measured = await measure(
  [
    qrag(vectors, threads),
    qrag(vectors, threads, candidates),
    floatLoop(vectors),
    integerLoop(vectors),
    ...(typeof sqlite === "string" ? [] : sqlite),
  ],
  vectors.queries,
);
report(measured);

const exact = measured[2]!.found;
console.log("  recall and time by the number of candidates:");
for (const count of [50, 100, 200, 500, 1000, 2000, 5000]) {
  const [one] = await measure([qrag(vectors, threads, count)], vectors.queries);
  console.log(
    `  ${String(count).padStart(8)}  ${recall(exact, one!.found).toFixed(3)}  ${milliseconds(median(one!.times))}`,
  );
}
