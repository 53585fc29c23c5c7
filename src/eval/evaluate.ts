// Runs one system over the sets: scores every row, decides by its threshold or by the best there could be, and measures.
import type { Bm25 } from "./bm25.ts";
import { cutsOf, oracleCut } from "./cuts.ts";
import { type Histogram, histogramOf } from "./histogram.ts";
import { bootstrap, type Intervals } from "./intervals.ts";
import { Measurable, type Measures, type ScoredRow } from "./measures.ts";
import { type RankedQuery, type RankingMeasures, rankingMeasures } from "./ranking.ts";
import type { EvalRow } from "./rows.ts";
import { type Latency, type Scorer, type ScoreSettings, scoreAll } from "./scorer.ts";
import type { WayResult } from "./search_set.ts";
import type { EvalSet, RankingTask } from "./sets.ts";

/** What takes part. */
export interface System {
  readonly name: string;
  readonly kind: "gate" | "baseline";
  /** How it runs, in a few words. */
  readonly detail: string;
  /** Undefined: on each set the one that serves it best there. */
  readonly threshold: number | undefined;
  readonly scorerOf: (set: { readonly bm25: Bm25 }) => Scorer;
}

/** Rows of one kind or domain. */
export interface Part {
  readonly count: number;
  readonly right: number;
  readonly accepted: number;
  readonly accuracy: number;
}

export interface SystemResult {
  readonly name: string;
  readonly kind: System["kind"];
  readonly detail: string;
  readonly threshold: number;
  /** The threshold was chosen on these very rows. */
  readonly oracle: boolean;
  readonly measures: Measures;
  readonly intervals: Intervals;
  readonly byKind: Readonly<Record<string, Part>>;
  readonly byDomain: Readonly<Record<string, Part>>;
  readonly histogram: Histogram;
  readonly latency: Latency | undefined;
  /** One a row. */
  readonly scores: readonly number[];
  readonly ranking: RankingMeasures | undefined;
}

export interface SetResult {
  readonly name: string;
  readonly rows: readonly EvalRow[];
  readonly systems: SystemResult[];
  /** Of a collection that was searched in a store: each way, then each gate on the usual one. */
  readonly ways: WayResult[];
}

export async function evaluate(
  set: EvalSet,
  system: System,
  settings: ScoreSettings,
): Promise<SystemResult> {
  const scorer = system.scorerOf(set);
  const { scores, latency } = await scoreAll(scorer, set.rows, settings);
  const ranking = set.ranking && (await ranked(set.ranking, scorer, settings));
  return { ...summary(set.rows, scores, system), latency, ranking };
}

/** Refuses everything: what a system has to beat where most rows are irrelevant. */
export function alwaysZero({ rows }: EvalSet): SystemResult {
  const system = { name: "always 0", kind: "baseline", detail: "", threshold: 0 } as const;
  const scores = rows.map(() => 0);
  return { ...summary(rows, scores, system), latency: undefined, ranking: undefined };
}

/** Everything that follows from the scores alone. */
export function summary(
  rows: readonly EvalRow[],
  scores: readonly number[],
  { name, kind, detail, threshold: fixed }: Omit<System, "scorerOf">,
): Omit<SystemResult, "latency" | "ranking"> {
  const scored = rows.map(({ label }, index) => ({ label, score: scores[index]! }));
  const threshold = fixed ?? oracleCut(scored).threshold;
  const judged = rows.map((row, index) => {
    const score = scores[index]!;
    return { ...row, score, accepted: score > threshold };
  });
  const measurable = new Measurable(judged);
  return {
    name,
    kind,
    detail,
    threshold,
    oracle: fixed === undefined,
    measures: measurable.measure(),
    intervals: bootstrap(measurable),
    byKind: partsOf(judged, (row) => row.kind),
    byDomain: partsOf(judged, (row) => row.domain),
    histogram: histogramOf(judged, threshold),
    scores,
  };
}

type Judged = EvalRow & ScoredRow;

/** In the order in which they first occur. */
function partsOf(
  rows: readonly Judged[],
  nameOf: (row: Judged) => string | undefined,
): Record<string, Part> {
  const parts = new Map<string, Judged[]>();
  for (const row of rows) {
    const name = nameOf(row);
    if (name === undefined) continue;
    const part = parts.get(name);
    if (part) part.push(row);
    else parts.set(name, [row]);
  }
  return Object.fromEntries(
    [...parts].map(([name, part]) => {
      const right = part.filter(({ accepted, label }) => accepted === (label === 1)).length;
      const accepted = part.filter((row) => row.accepted).length;
      return [name, { count: part.length, right, accepted, accuracy: right / part.length }];
    }),
  );
}

async function ranked(
  { texts, queries }: RankingTask,
  scorer: Scorer,
  settings: ScoreSettings,
): Promise<RankingMeasures> {
  const pairs = queries.flatMap(({ text: query, candidates }) =>
    candidates.map((document) => ({ query, passage: texts[document]! })),
  );
  const { scores } = await scoreAll(scorer, pairs, settings);
  let next = 0;
  const rankings = queries.map(({ grades, candidates }): RankedQuery => {
    const scored = candidates.map((document) => ({ document, score: scores[next++]! }));
    // Equal scores stay in BM25's order.
    const ranking = scored.sort((a, b) => b.score - a.score).map(({ document }) => document);
    return { grades, ranking };
  });
  return rankingMeasures(rankings);
}

/** Points of the precision-recall curve, from the strictest threshold down. */
export function precisionRecall(
  rows: readonly Pick<EvalRow, "label">[],
  scores: readonly number[],
): { recall: number; precision: number }[] {
  const scored = rows.map(({ label }, index) => ({ label, score: scores[index]! }));
  const positives = rows.filter(({ label }) => label === 1).length;
  return cutsOf(scored)
    .filter(({ truePositives, falsePositives }) => truePositives + falsePositives > 0)
    .map(({ truePositives, falsePositives }) => ({
      recall: positives > 0 ? truePositives / positives : 0,
      precision: truePositives / (truePositives + falsePositives),
    }));
}
