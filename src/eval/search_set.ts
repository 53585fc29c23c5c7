// A BEIR set in a store: how well each way of searching ranks its documents, and what a gate leaves of them.
import type { Gate } from "../gate.ts";
import type { JudgedQuery } from "./beir.ts";
import { type Share, shareOf } from "./folder_measures.ts";
import { quantile } from "./intervals.ts";
import { rankingMeasures } from "./ranking.ts";
import type { SearchTask } from "./sets.ts";
import { type TemporaryStoreSettings, withTemporaryStore } from "./temporary_store.ts";
import { findAll, waysOf } from "./ways.ts";

/** What one way has found, in positions of documents: for the answerable queries, then for the others. */
export interface WayRun {
  readonly name: string;
  readonly usual: boolean;
  readonly first: readonly (readonly number[])[];
  readonly deep: readonly (readonly number[])[];
  /** For each query, of `first`. */
  readonly ms: readonly number[];
}

export interface WayResult {
  readonly name: string;
  readonly queries: number;
  readonly ndcg10: number;
  readonly recall100: number;
  /** Of the queries without a relevant document, those for which nothing was found, or nothing kept. */
  readonly refused: Share;
  /** Of one query at a time, from its text to ten hits and, with a gate, their verdicts. */
  readonly medianMs: number;
}

/**
 * Ten hits are what nDCG@10 is computed on, and what is timed. A search for a hundred looks at more candidates and may
 * begin otherwise, so that it is another search.
 */
const depths = { first: 10, deep: 100 } as const;

export async function searchSet(
  task: SearchTask,
  settings: TemporaryStoreSettings,
): Promise<WayRun[]> {
  const { embedder, signal, onProgress } = settings;
  // Whole: a document is what is judged.
  const documents = task.texts.map((text, place) => ({ id: String(place), text, whole: true }));
  const queries = queriesOf(task).map(({ text }) => text);
  return withTemporaryStore(documents, settings, async (store) => {
    const runs: WayRun[] = [];
    for (const { name, usual, options } of waysOf(embedder)) {
      const find = (topK: number) =>
        findAll(store, queries, {
          options: { ...options, topK },
          keep: ({ id }) => Number(id),
          signal,
          onProgress,
        });
      const first = await find(depths.first);
      const deep = await find(depths.deep);
      runs.push({ name, usual, first: first.hits, deep: deep.hits, ms: first.ms });
    }
    return runs;
  });
}

export function wayResult(task: SearchTask, { name, first, deep, ms }: WayRun): WayResult {
  const answerable = task.queries.length;
  const measured = (rankings: WayRun["first"]) =>
    rankingMeasures(
      task.queries.map(({ grades }, index) => ({ grades, ranking: rankings[index]! })),
    );
  return {
    name,
    queries: answerable,
    ndcg10: measured(first).ndcg10,
    recall100: measured(deep).recallAtDepth,
    refused: shareOf(first.slice(answerable), (hits) => hits.length === 0),
    medianMs: quantile(ms, 0.5),
  };
}

/** Over sets that were all searched in this way. */
export type WayMean = Pick<WayResult, "name" | "ndcg10" | "recall100">;

/** The mean of several sets, for the ways that all of them have; none of a single set. */
export function meansOf(sets: readonly (readonly WayResult[])[]): WayMean[] {
  const [first, ...others] = sets.filter((ways) => ways.length > 0);
  if (first === undefined || others.length === 0) return [];
  return first.flatMap(({ name }) => {
    const same = [first, ...others].flatMap((ways) => ways.find((way) => way.name === name) ?? []);
    if (same.length <= others.length) return [];
    const mean = (of: (way: WayResult) => number) =>
      same.reduce((sum, way) => sum + of(way), 0) / same.length;
    return [{ name, ndcg10: mean((way) => way.ndcg10), recall100: mean((way) => way.recall100) }];
  });
}

export interface JudgeSettings {
  /** Of the gate. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/** The same run with what a gate lets through, in its order: what a generator would be given. */
export async function judgedRun(
  task: SearchTask,
  run: WayRun,
  gate: Pick<Gate, "rank">,
  { name, signal, onProgress }: JudgeSettings,
): Promise<WayRun> {
  const first: number[][] = [];
  const deep: number[][] = [];
  const ms: number[] = [];
  const queries = queriesOf(task);
  const kept = async (query: string, found: readonly number[]) => {
    const passages = found.map((place) => ({ place, text: task.texts[place]! }));
    const ranked = await gate.rank(query, passages, { signal });
    return ranked.filter(({ verdict }) => verdict.relevant).map(({ passage }) => passage.place);
  };
  for (const [index, { text }] of queries.entries()) {
    const start = performance.now();
    const best = await kept(text, run.first[index]!);
    ms.push(run.ms[index]! + performance.now() - start);
    first.push(best);
    // Only recall is asked of these: their order does not matter, and none is judged twice.
    const judged = new Set(run.first[index]);
    const others = run.deep[index]!.filter((place) => !judged.has(place));
    const found = new Set(run.deep[index]);
    deep.push([...best.filter((place) => found.has(place)), ...(await kept(text, others))]);
    onProgress({ done: index + 1, total: queries.length });
  }
  return { name: `${run.name} and ${name}`, usual: false, first, deep, ms };
}

function queriesOf({ queries, unanswerable }: SearchTask): JudgedQuery[] {
  return [...queries, ...unanswerable];
}
