// qrag eval: one command for every table. Gates beside baselines, on labelled rows and on BEIR folders.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkFree, writeAtomically } from "../../base/atomic_file.ts";
import { QragError } from "../../base/errors.ts";
import { packageRoot } from "../../base/package_root.ts";
import { availableProcessors } from "../../base/processors.ts";
import { quote } from "../../base/quote.ts";
import { readBeir } from "../eval/beir.ts";
import type { Competitor } from "../eval/competitor.ts";
import { competitorsIn, onDisk, openCompetitor } from "../eval/competitors.ts";
import { alwaysZero, evaluate, type SetResult, type System } from "../eval/evaluate.ts";
import { page } from "../eval/html/page.ts";
import { type Report, reportOf } from "../eval/report.ts";
import { rowsHelp } from "../eval/rows.ts";
import { bm25Scorer, gateScorer } from "../eval/scorer.ts";
import { beirSet, type EvalSet, rowSet } from "../eval/sets.ts";
import { publishedSlice } from "../eval/slice.ts";
import type { Gate } from "../gate.ts";
import type { GateInfo } from "../gate_info.ts";
import { parseArguments, UsageError, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { evalText } from "./eval_text.ts";
import type { Io } from "./io.ts";
import { jsonText, write, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";
import { openLines, readRows } from "./rows.ts";

const help = `Usage: qrag eval [options]

Measures a gate on labelled rows, beside BM25, a line that always answers 0, and other models if they are on disk.
Gates decide by their own line; every baseline gets the threshold that suits it best on the very rows (its "oracle").
Without --rows and --beir it runs the built-in holdout: 30 rows of 10 domains.

What on:
      --holdout         the built-in rows, beside others
      --rows FILE       ${rowsHelp}, domain?, kind?
      --beir DIR        a folder in BEIR's format: a slice with one relevant passage and four by BM25 for each query
      --queries N       queries in a slice (default ${publishedSlice.queries})
      --seed N          which of them (default ${publishedSlice.seed})
      --depth K         rank BM25's first K candidates of every query, too: nDCG@10 and recall
What of (all may be given several times):
  -m, --model PATH      a gate on the fast engine; default: QRAG_MODEL, then the installed model
      --compare PATH    a gate on the reference engine, in its file's own types: an F32 file beside its quantized one
      --baselines FILE  other people's models: a list like bench/competitors.json; what is not on disk is left out
      --calibration F   a file of qrag calibrate for the only model
Output:
      --json            print {accuracy, byKind, byDomain, rows, ..., sets, models, skipped}
      --audit FILE      write the same JSON to a file
      --report FILE     write an HTML page with plots
      --force           replace files that are there
      --threads N       threads that compute
  -h, --help            print this help

Example:
  qrag eval --model q8.gguf --compare f32.gguf
  qrag eval --rows mine.jsonl --beir scifact --depth 50 --audit audit.json --report report.html
`;

const options = {
  holdout: { type: "boolean" },
  rows: { type: "string", multiple: true, default: [] as string[] },
  beir: { type: "string", multiple: true, default: [] as string[] },
  queries: { type: "string" },
  seed: { type: "string" },
  depth: { type: "string" },
  model: { type: "string", short: "m", multiple: true, default: [] as string[] },
  compare: { type: "string", multiple: true, default: [] as string[] },
  baselines: { type: "string", multiple: true, default: [] as string[] },
  calibration: { type: "string" },
  audit: { type: "string" },
  report: { type: "string" },
  force: { type: "boolean" },
  threads: { type: "string" },
} as const;

export const command: Command = {
  help,
  async run(args, io) {
    const { values } = parseArguments(args, options, []);
    const { audit, report: pagePath, force = false } = values;
    for (const path of [audit, pagePath]) if (path !== undefined) checkFree(path, force);
    const slice = {
      ...publishedSlice,
      queries: wholeNumber(values.queries, "--queries") ?? publishedSlice.queries,
      seed: wholeNumber(values.seed, "--seed") ?? publishedSlice.seed,
    };
    const depth = wholeNumber(values.depth, "--depth");
    const threads = wholeNumber(values.threads, "--threads");
    const sets: EvalSet[] = [];
    const { rows, beir, baselines, calibration } = values;
    if (values.holdout || rows.length + beir.length === 0) {
      sets.push(rowSet("holdout", await readRows(io, builtIn("holdout.jsonl"))));
    }
    for (const path of rows) sets.push(rowSet(basename(path), await readRows(io, path)));
    for (const folder of beir) {
      const set = await readBeir(folder, (path) => openLines(io, path));
      sets.push(beirSet(set, { slice, depth }));
    }
    const names = sets.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      const before = names.indexOf(name);
      if (before < index) throw new UsageError(`two sets are called ${quote(name)}; rename one`);
    }
    const competitors: Competitor[] = [];
    for (const path of baselines) competitors.push(...competitorsIn(await textOf(path), path));
    const result = await runAll(io, sets, {
      models: values.model.length > 0 ? values.model : [undefined],
      compared: values.compare,
      competitors,
      calibration,
      threads,
    });
    if (values.json) await writeJson(io, result);
    else await write(io, evalText(result));
    const { signal } = io;
    const save = (path: string, text: string) =>
      writeAtomically(path, { force, signal }, (sink) => sink.write(Buffer.from(text)));
    if (audit !== undefined) await save(audit, `${jsonText(result)}\n`);
    if (pagePath !== undefined) await save(pagePath, page(result));
    return exitCodes.done;
  },
};

interface Participants {
  /** Undefined stands for the installed model. */
  readonly models: readonly (string | undefined)[];
  readonly compared: readonly string[];
  readonly competitors: readonly Competitor[];
  readonly calibration: string | undefined;
  readonly threads: number | undefined;
}

/** One system after the other, so that only one is in memory. */
async function runAll(io: Io, sets: readonly EvalSet[], wanted: Participants): Promise<Report> {
  const { threads, calibration } = wanted;
  const results: SetResult[] = sets.map(({ name, rows }) => ({ name, rows, systems: [] }));
  const infos: GateInfo[] = [];
  const run = async (system: System) => {
    const bar = progressBar(io, system.name);
    const settings = { signal: io.signal, onProgress: bar.update };
    for (const [index, set] of sets.entries()) {
      results[index]!.systems.push(await evaluate(set, system, settings).finally(bar.clear));
    }
  };
  const runGate = (gate: Gate) => {
    infos.push(gate.info);
    return run(gateSystem(gate));
  };
  for (const model of wanted.models) {
    await withGate(io, { model, threads, calibration }, runGate);
  }
  for (const model of wanted.compared) {
    await withGate(io, { model, threads, engine: "reference" }, runGate);
  }
  await run({
    name: "BM25",
    kind: "baseline",
    detail: "k1 1.2, b 0.75",
    threshold: undefined,
    scorerOf: ({ bm25 }) => bm25Scorer(bm25),
  });
  const skipped = wanted.competitors.filter((competitor) => !onDisk(competitor));
  for (const competitor of wanted.competitors.filter(onDisk)) {
    const scorer = await openCompetitor(competitor, { threads: threads ?? availableProcessors() });
    const { name, kind: detail } = competitor;
    const system = { name, kind: "baseline", detail, threshold: undefined } as const;
    await run({ ...system, scorerOf: () => scorer }).finally(() => scorer.close());
  }
  for (const [index, set] of sets.entries()) results[index]!.systems.push(alwaysZero(set));
  return reportOf(results, infos, skipped);
}

function gateSystem(gate: Gate): System {
  const { path, weightTypes, engine, device, offset } = gate.info;
  return {
    name: basename(path),
    kind: "gate",
    detail: `${weightTypes[0]}, ${engine}, ${device}`,
    threshold: offset,
    scorerOf: () => gateScorer(gate),
  };
}

/** The files that come with the package. */
function builtIn(name: string): string {
  return join(packageRoot(), "bench", name);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const message = `${path} could not be read: ${(cause as Error).message}`;
    throw new QragError("INPUT_INVALID", message, { cause });
  }
}
