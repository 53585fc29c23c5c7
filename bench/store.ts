// The store under load: a million short passages indexed and searched, disk and memory, searches while it indexes, other stores beside it.
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { availableProcessors } from "../base/processors.ts";
import { countOption, optionsOf } from "../scripts/command_line.ts";
import { openStore, type SearchMode, type Store } from "../src/store/index.ts";
import { type Contender, lanceDb, sqliteVec } from "./store/contenders.ts";
import { makeCorpus } from "./store/corpus.ts";
import { percentilesOf, TurnWatch, turnsText } from "./store/turns.ts";
import { dimensions, WordHashes } from "./store/word_hashes.ts";

const options = optionsOf(
  `Usage: npm run bench:store -- [options]

  --passages N    default 1000000, which take 1.5 GB of disk
  --queries N     asked of each mode, one after the other; default 200
  --searches N    asked all at once while more passages come; default 1000
  --folder DIR    where the stores are made, and removed again; default: the system's for temporary files
  --verify        have the store verify itself in the end
  --alone         without the other stores`,
  {
    passages: { type: "string", default: "1000000" },
    queries: { type: "string", default: "200" },
    searches: { type: "string", default: "1000" },
    folder: { type: "string", default: tmpdir() },
    verify: { type: "boolean", default: false },
    alone: { type: "boolean", default: false },
  },
);
const passages = countOption("--passages", options.passages);
const queries = countOption("--queries", options.queries);
const searches = countOption("--searches", options.searches);

const topK = 10;
/** Passages that come while searches are answered. */
const more = Math.max(2000, Math.ceil(passages / 50));
const corpus = makeCorpus(passages);
const idOf = (index: number) => `note-${index}`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
/** Of this process, at its highest so far. */
const peak = () => megabytes(process.resourceUsage().maxRSS * 1024);
/** Of all threads of this process. */
const processorSeconds = (before: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};
const secondsSince = (begun: number) => (performance.now() - begun) / 1000;

function* documents(first: number, end: number) {
  for (let index = first; index < end; index++) {
    yield { id: idOf(index), text: corpus.passage(index) };
  }
}

function bytesOnDisk(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

async function found(store: Store, query: string, mode: SearchMode): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.search(query, { topK, mode })) ids.push(id);
  return ids;
}

async function index(store: Store): Promise<void> {
  const watch = new TurnWatch();
  const before = process.cpuUsage();
  const begun = performance.now();
  let next = passages / 10;
  const report = (done: number) => {
    const seconds = secondsSince(begun);
    const perSecond = (done / seconds).toFixed(0);
    console.log(
      `  ${done} passages after ${seconds.toFixed(0)} s (${perSecond}/s), at most ${peak()}`,
    );
  };
  const onProgress = ({ done }: { done: number }) => {
    if (done < next) return;
    next += passages / 10;
    report(done);
  };
  await store.add(documents(0, passages), { onProgress });
  console.log(`  on the processors ${processorSeconds(before).toFixed(0)} s`);
  console.log(`  the caller's thread: ${turnsText(watch.stop())}`);
}

async function time(store: Store, mode: SearchMode): Promise<void> {
  const first = performance.now();
  await found(store, corpus.question(0), mode);
  const opening = performance.now() - first;
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let query = 1; query <= queries; query++) {
    const begun = performance.now();
    await found(store, corpus.question(query), mode);
    times.push(performance.now() - begun);
  }
  const worked = (1000 * processorSeconds(before)) / queries;
  console.log(
    `  ${row(mode, times)}; on the processors ${worked.toFixed(1)} ms each; the first one ${opening.toFixed(0)} ms`,
  );
}

function row(name: string, times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const p95 = sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))]!;
  const text = (value: number) => `${value.toFixed(1)} ms`.padStart(10);
  return `${name.padEnd(28)} p50 ${text(percentilesOf(times).p50)}  p95 ${text(p95)}`;
}

/** All are asked at once, each for one passage that was there before; more come as the answers do, to the last of them. */
async function searchWhileIndexing(store: Store): Promise<void> {
  const answers = new EventEmitter();
  const times: number[] = [];
  async function* coming() {
    let index = 0;
    for (const document of documents(passages, passages + more)) {
      while (times.length < searches && times.length * more < index * searches) {
        await once(answers, "answer");
      }
      index++;
      yield document;
    }
  }
  let written = 0;
  const onProgress = ({ done }: { done: number }) => {
    written = done;
  };
  const adding = store.add(coming(), { onProgress });
  const begun = performance.now();
  const missing = await Promise.all(
    Array.from({ length: searches }, async (_, number) => {
      const wanted = Math.floor((number * passages) / searches);
      const ids = await found(store, corpus.excerpt(wanted), "hybrid");
      times.push(performance.now() - begun);
      answers.emit("answer");
      return ids.includes(idOf(wanted)) ? [] : [wanted];
    }),
  );
  const seconds = secondsSince(begun).toFixed(1);
  console.log(
    `  ${times.length} answered in ${seconds} s, and meanwhile ${written} passages written`,
  );
  await adding;
  await countLost(store, missing.flat());
}

/** A passage may be there and not among the best; by its rarest words alone it is always found. */
async function countLost(store: Store, missing: readonly number[]): Promise<void> {
  const lost: number[] = [];
  for (const index of [...missing, passages, passages + more - 1]) {
    const ids = await found(store, corpus.excerpt(index), "keyword");
    if (!ids.includes(idOf(index))) lost.push(index);
  }
  const { documents: count } = await store.stats();
  const absent = passages + more - count;
  console.log(
    `  ${missing.length} were not among the best ${topK} of both rankings; not found by words either, the first and the ` +
      `last new one included: ${lost.length}; documents that are not in the store: ${absent}`,
  );
  if (lost.length > 0 || absent > 0) process.exitCode = 1;
}

async function measureStore(folder: string, embedder: WordHashes): Promise<void> {
  mkdirSync(join(folder, "qrag"));
  await using store = await openStore(join(folder, "qrag", "notes.qrag"), { embedder });
  console.log(`index (at most ${peak()} before)`);
  await index(store);
  console.log(`  on disk ${megabytes(bytesOnDisk(join(folder, "qrag")))}, at most ${peak()}`);
  console.log(`search, ${queries} questions, the best ${topK}`);
  for (const mode of ["vector", "keyword", "hybrid"] as const) await time(store, mode);
  console.log(`  at most ${peak()}`);
  console.log(`${searches} searches at once while more passages come`);
  await searchWhileIndexing(store);
  console.log(`  on disk ${megabytes(bytesOnDisk(join(folder, "qrag")))}, at most ${peak()}`);
  if (!options.verify) return;
  const begun = performance.now();
  const { ok, problems } = await store.verify();
  console.log(
    `verify: ${ok ? "all is well" : problems.join("; ")}, ${secondsSince(begun).toFixed(0)} s`,
  );
  if (!ok) process.exitCode = 1;
}

/** The same vectors, and no keywords. */
async function measure(contender: Contender, embedder: WordHashes): Promise<void> {
  const begun = performance.now();
  await contender.fill(passages, (index) => embedder.vectorOf(corpus.passage(index)));
  const seconds = secondsSince(begun).toFixed(0);
  const times: number[] = [];
  const asked = Math.min(queries, 20);
  for (let query = 0; query <= asked; query++) {
    const vector = embedder.vectorOf(corpus.question(query));
    const start = performance.now();
    await contender.search(vector, topK);
    if (query > 0) times.push(performance.now() - start);
  }
  console.log(
    `  ${row(contender.name, times)}, ${asked} questions; filled in ${seconds} s, on disk ${megabytes(bytesOnDisk(contender.folder))}`,
  );
  await contender.close();
}

const folder = mkdtempSync(join(options.folder, "qrag-bench-store-"));
try {
  console.log(
    `${passages} made-up passages of 20 to 60 words, ${availableProcessors()} threads, Node ${process.version}. Vectors of ` +
      `${dimensions} dimensions are hashes of words: a real model would take hours, and is no part of these times.`,
  );
  const embedder = new WordHashes(join(folder, "model"), corpus);
  await measureStore(folder, embedder);
  if (!options.alone) console.log("vectors alone, other stores");
  for (const make of options.alone ? [] : [sqliteVec, lanceDb]) {
    const contender = await make(folder, dimensions);
    if (typeof contender === "string") console.log(`  ${contender}`);
    else await measure(contender, embedder);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
