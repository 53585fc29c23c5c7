// Times qrag against its peers on random weights of the published shape, all in one run, each in a process of its own.
//
//   npm run bench                    all contenders, a table of medians and ratios
//   npm run bench -- --quick         fewer rounds
//   npm run bench -- --json FILE     the results as JSON too; - for standard output
//   npm run bench -- --only qrag     contenders whose name begins so (qrag itself always runs)
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { convertCheckpoint } from "../convert/convert.ts";
import { addon } from "../native/binding.ts";
import { cases } from "./cases.ts";
import type { CaseResult } from "./contend.ts";
import { files } from "./contenders.ts";
import { writePublished } from "./published.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string", default: "" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const rounds = options.quick ? 10 : 40;

interface Result {
  case: string;
  contender: string;
  level: string;
  threads: number;
  medianMs: number;
  /** The middle half of the samples is this wide. */
  spreadMs: number;
  pairsPerSecond: number;
}

async function makeFiles(folder: string): Promise<void> {
  const paths = await writePublished(folder);
  const settings = { ...paths, rope: "interleaved", gateUp: "gate-first", proof: false } as const;
  const convert = (output: string, type: "Q8_0" | "Q4_0", layout: "qrag" | "llama") =>
    convertCheckpoint({ ...settings, output: join(folder, output), type, layout });
  await convert(files.q8, "Q8_0", "qrag");
  await convert(files.q4, "Q4_0", "qrag");
  await convert(files.llama, "Q8_0", "llama");
}

function contend(name: string, folder: string): CaseResult[] {
  const script = fileURLToPath(new URL("contend.ts", import.meta.url));
  const args = [...process.execArgv, script, name, folder, options.threads, String(rounds)];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${name} failed`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as CaseResult);
}

function summary(contender: string, { case: name, level, threads, samples }: CaseResult): Result {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]!;
  const medianMs = at(0.5);
  const pairs = cases.find((each) => each.name === name)!.passages;
  return {
    case: name,
    contender,
    level,
    threads,
    medianMs,
    spreadMs: at(0.75) - at(0.25),
    pairsPerSecond: (1000 * pairs) / medianMs,
  };
}

/** The same weights must give the same answers: how far margins lie from the reference's, in parts of their spread. */
function margins(all: ReadonlyMap<string, CaseResult[]>, contender: string): number {
  const flat = (results: CaseResult[]) => results.flatMap(({ margins }) => margins);
  const expected = flat(all.get("qrag:reference")!);
  const given = flat(all.get(contender)!);
  const squares = expected.map((margin, i) => [margin ** 2, (given[i]! - margin) ** 2] as const);
  const sum = (part: 0 | 1) => squares.reduce((total, pair) => total + pair[part], 0);
  return Math.sqrt(sum(1) / sum(0));
}

function table(results: readonly Result[]): string {
  const lines = cases.flatMap(({ name }) => {
    const mine = results.filter((result) => result.case === name);
    const ours = mine.find(({ contender }) => contender === "qrag")!.medianMs;
    return mine.map(({ contender, level, medianMs, spreadMs, pairsPerSecond }) =>
      [
        name.padEnd(14),
        contender.padEnd(22),
        level.padEnd(12),
        `${medianMs.toFixed(1)} ms`.padStart(11),
        `+-${(spreadMs / 2).toFixed(1)}`.padStart(8),
        `${pairsPerSecond.toFixed(0)}/s`.padStart(8),
        `${(medianMs / ours).toFixed(2)} x`.padStart(9),
      ].join(" "),
    );
  });
  return lines.join("\n");
}

function commit(): string {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

const folder = mkdtempSync(join(tmpdir(), "qrag-bench-"));
try {
  await makeFiles(folder);
  const levels = addon()
    .kernels()
    .filter((kernels) => kernels !== "portable");
  const names = [
    "qrag",
    "qrag:reference",
    ...["qrag:q4", ...levels.map((level) => `qrag:${level}`), "node-llama-cpp:q8_0"].filter(
      (name) => name.startsWith(options.only),
    ),
  ];
  const all = new Map(names.map((name) => [name, contend(name, folder)]));
  const results = names.flatMap((name) => all.get(name)!.map((each) => summary(name, each)));
  const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, node ${process.version}`;
  const report = { machine, commit: commit(), results };
  if (options.json !== "-") {
    console.log(`${machine}, commit ${report.commit}\n\n${table(results)}\n`);
    for (const name of names) {
      console.log(
        `margins of ${name.padEnd(22)} differ from the reference by ${margins(all, name).toFixed(4)}`,
      );
    }
  }
  if (options.json === "-") console.log(JSON.stringify(report));
  else if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
