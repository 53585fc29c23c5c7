// qrag eval: one command for every table. Gates beside baselines, on folders with questions, labelled rows and BEIR.
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkDestination, type Destination, writeTo } from "../../base/destination.ts";
import { QragError } from "../../base/errors.ts";
import { packageRoot } from "../../base/package_root.ts";
import { quote } from "../../base/quote.ts";
import { readBeir } from "../eval/beir.ts";
import type { Competitor } from "../eval/competitor.ts";
import { competitorsIn } from "../eval/competitors.ts";
import type { FolderSet } from "../eval/folder.ts";
import { page } from "../eval/html/page.ts";
import { questionsHelp } from "../eval/questions.ts";
import type { Report } from "../eval/report.ts";
import { rowsHelp } from "../eval/rows.ts";
import { beirSet, type EvalSet, rowSet } from "../eval/sets.ts";
import { publishedSlice } from "../eval/slice.ts";
import { loadEmbedder } from "../load_embedder.ts";
import { gateEmbedder, oneOf, parseArguments, UsageError, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { destinationOf } from "./destination.ts";
import { runAll } from "./eval_run.ts";
import { evalText } from "./eval_text.ts";
import { foldersOf, readFolder } from "./folders.ts";
import type { Io } from "./io.ts";
import { jsonText, tell, writeJson, writeReport } from "./output.ts";
import { openLines, readRows } from "./rows.ts";

/** Passages for a question: what a generator is usually given. */
const defaultTop = 5;
const retrievers = ["bm25", "store"] as const;

const help = `Usage: qrag eval [options]

Measures a gate beside BM25 and any other model on disk: on your own folder with questions, on labelled rows, or on
BEIR folders. Without --folder, --rows and --beir it runs the built-in holdout: 30 rows of 10 domains.
A gate decides at 0. A baseline gets the threshold that is best for it on the very data (its "oracle").

Data (--folder with --questions, --rows and --beir may be repeated):
      --folder DIR      documents to split into passages, such as qrag index takes; also a single file
      --questions FILE  ${questionsHelp}; on the --folder before it
      --top K           passages retrieved for each of these questions (default ${defaultTop}), by BM25 or, with an
                        embedder, by both: the sum of reciprocal ranks
      --retrieve store  retrieve as qrag search does, from a store that is made for the run, and measure its searches
                        by keywords, by vectors, by both and in steps; for --folder and --beir. Default: bm25
      --rows FILE       ${rowsHelp}, domain?, kind?
      --beir DIR        a folder in BEIR's format: queries, each with one relevant passage and BM25's best four others
      --queries N       how many queries (default ${publishedSlice.queries})
      --seed N          which of them (default ${publishedSlice.seed})
      --depth K         also rank BM25's first K candidates of every BEIR query: nDCG@10 and recall
      --holdout         the built-in rows, in addition to other data
Systems (all but --calibration may be repeated):
  -m, --model PATH      a gate on the fast engine; default: QRAG_MODEL, then the installed model
      --compare PATH    a gate on the reference engine, in its file's own types: an F32 file beside its quantized one
      --embedder PATH   an embedding model: its cosine is a baseline, and it helps to retrieve (once only)
      --baselines FILE  other people's models: a list like bench/competitors.json; models not on disk are left out
      --calibration F   a file of qrag calibrate for the only model
      --gate-embedder P the embedder that the gates ask where they are not sure, if not the package's; none: nobody
Output:
      --json            print {accuracy, byKind, byDomain, rows, ..., sets, folders, models, skipped}
      --audit FILE      write the same JSON to a file
      --report FILE     write an HTML page with plots; with - in place of FILE, it goes to standard output and the table
                        to standard error
      --force           replace existing files
      --threads N       threads that compute
  -h, --help            print this help

Example:
  qrag eval --folder notes --questions questions.jsonl
  qrag eval --folder notes --questions questions.jsonl --embedder minilm.gguf --retrieve store
  qrag eval --model q8.gguf --compare f32.gguf
  qrag eval --rows mine.jsonl --beir scifact --depth 50 --audit audit.json --report report.html
`;

const options = {
  folder: { type: "string", multiple: true },
  questions: { type: "string", multiple: true },
  top: { type: "string" },
  retrieve: { type: "string" },
  holdout: { type: "boolean" },
  rows: { type: "string", multiple: true, default: [] as string[] },
  beir: { type: "string", multiple: true, default: [] as string[] },
  queries: { type: "string" },
  seed: { type: "string" },
  depth: { type: "string" },
  model: { type: "string", short: "m", multiple: true, default: [] as string[] },
  compare: { type: "string", multiple: true, default: [] as string[] },
  embedder: { type: "string" },
  baselines: { type: "string", multiple: true, default: [] as string[] },
  calibration: { type: "string" },
  "gate-embedder": { type: "string" },
  audit: { type: "string" },
  report: { type: "string" },
  force: { type: "boolean" },
  threads: { type: "string" },
} as const;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, tokens } = parseArguments(args, options, []);
    const { force = false } = values;
    const saved = savedTo(io, values);
    for (const { destination } of saved) checkDestination(destination, force);
    const slice = {
      ...publishedSlice,
      queries: wholeNumber(values.queries, "--queries") ?? publishedSlice.queries,
      seed: wholeNumber(values.seed, "--seed") ?? publishedSlice.seed,
    };
    const depth = wholeNumber(values.depth, "--depth");
    const threads = wholeNumber(values.threads, "--threads");
    const top = wholeNumber(values.top, "--top") ?? defaultTop;
    if (values.folder === undefined) refuseAny(values, ["top"], "--folder");
    if (values.beir.length === 0) refuseAny(values, ["queries", "seed", "depth"], "--beir");
    const inStore = oneOf(values.retrieve ?? "bm25", retrievers, "--retrieve") === "store";
    const asked = foldersOf(tokens);
    if (asked.length + values.beir.length === 0) {
      refuseAny(values, ["retrieve"], "--folder or --beir");
    }
    const sets = await setsOf(io, values, { slice, depth, inStore, alone: asked.length === 0 });
    const competitors: Competitor[] = [];
    for (const path of values.baselines)
      competitors.push(...competitorsIn(await textOf(path), path));
    const embedder =
      values.embedder === undefined
        ? undefined
        : await loadEmbedder(values.embedder, { threads, signal: io.signal });
    let result: Report;
    try {
      const folders: FolderSet[] = [];
      const reading = { top, embedder, inStore };
      for (const folder of asked) folders.push(await readFolder(io, folder, reading));
      checkNames([...sets, ...folders]);
      result = await runAll(
        io,
        { sets, folders },
        {
          models: values.model.length > 0 ? values.model : [undefined],
          compared: values.compare,
          competitors,
          embedder,
          calibration: values.calibration,
          gateEmbedder: gateEmbedder(values["gate-embedder"]),
          threads,
        },
      );
    } finally {
      await embedder?.dispose();
    }
    if (values.json) await writeJson(io, result);
    else if (saved.some(isStream)) tell(io, evalText(result));
    else await writeReport(io, evalText(result));
    const { signal } = io;
    for (const { destination, text } of saved) {
      const bytes = Buffer.from(text(result));
      await writeTo(destination, { force, signal }, (sink) => sink.write(bytes));
    }
    return exitCodes.done;
  },
};

interface Saved {
  readonly destination: Destination;
  readonly text: (result: Report) => string;
}

/** What is written beside the table. */
function savedTo(
  io: Io,
  { audit, report, json }: { audit?: string; report?: string; json?: boolean },
): Saved[] {
  const saved: Saved[] = [];
  const add = (option: string, path: string | undefined, text: Saved["text"]) => {
    if (path === undefined) return;
    saved.push({ destination: destinationOf(io, path, { option, json }), text });
  };
  add("--audit", audit, (result) => `${jsonText(result)}\n`);
  add("--report", report, page);
  if (saved.filter(isStream).length < 2) return saved;
  throw new UsageError("--audit and --report both write to standard output");
}

function isStream({ destination }: Saved): boolean {
  return typeof destination !== "string";
}

/** Options that change nothing without the data they are about. */
function refuseAny<Name extends string>(
  values: { readonly [name in Name]?: string | undefined },
  names: readonly Name[],
  data: string,
): void {
  const idle = names.find((name) => values[name] !== undefined);
  if (idle !== undefined) throw new UsageError(`--${idle} belongs to ${data}, which is not given`);
}

/** Labelled rows and BEIR folders; the holdout where there is nothing else to measure on. */
async function setsOf(
  io: Io,
  { holdout, rows, beir }: { holdout?: boolean | undefined; rows: string[]; beir: string[] },
  { alone, ...settings }: Parameters<typeof beirSet>[1] & { alone: boolean },
): Promise<EvalSet[]> {
  const sets: EvalSet[] = [];
  if (holdout || (alone && rows.length + beir.length === 0)) {
    sets.push(rowSet("holdout", await readRows(io, builtIn("holdout.jsonl"))));
  }
  for (const path of rows) sets.push(rowSet(basename(path), await readRows(io, path)));
  for (const folder of beir) {
    sets.push(beirSet(await readBeir(folder, (path) => openLines(io, path)), settings));
  }
  return sets;
}

function checkNames(sets: readonly { readonly name: string }[]): void {
  const names = sets.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`two sets are called ${quote(twice)}; rename one`);
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
