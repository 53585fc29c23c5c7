// The outcome of a run as plain data: what --json prints, the audit keeps, and the page shows.
import type { GateInfo } from "../gate_info.ts";
import type { Competitor } from "./competitor.ts";
import { refusedScore } from "./cuts.ts";
import { type Part, type SetResult, type SystemResult, summary } from "./evaluate.ts";
import type { FolderResult } from "./evaluate_folder.ts";
import type { Share } from "./folder_measures.ts";
import { type FolderReport, folderReport } from "./folder_report.ts";
import type { Interval, Intervals } from "./intervals.ts";
import { type MeasureName, type Measures, measureNames } from "./measures.ts";
import type { WayResult } from "./search_set.ts";

/** A row with what the first gate made of it. */
export interface ReportRow {
  readonly set: string;
  readonly query: string;
  readonly passage: string;
  readonly label: 0 | 1;
  readonly domain: string | undefined;
  readonly kind: string;
  readonly margin: number;
  readonly verdict: 0 | 1;
}

export interface Report extends Measures {
  readonly intervals: Intervals;
  readonly byKind: Readonly<Record<string, Part>>;
  readonly byDomain: Readonly<Record<string, Part>>;
  /** Everything above this line, and these rows, are the first gate's, over all sets of rows together. */
  readonly rows: readonly ReportRow[];
  /** `scores` of a system are in the order of the set's rows. */
  readonly sets: readonly ReportSet[];
  readonly folders: readonly FolderReport[];
  readonly models: readonly ReportModel[];
  /** Baselines that are not on disk. */
  readonly skipped: readonly { readonly name: string; readonly path: string }[];
}

export interface ReportSet {
  readonly name: string;
  readonly rows: number;
  readonly queries: number;
  readonly relevant: number;
  readonly systems: readonly SystemResult[];
  /** How well a store ranks the collection; empty where none was asked. */
  readonly ways: readonly WayResult[];
}

export type ReportModel = Pick<
  GateInfo,
  "path" | "name" | "parameters" | "weightTypes" | "engine" | "device" | "threads" | "offset"
>;

export function reportOf(
  results: readonly SetResult[],
  folders: readonly FolderResult[],
  infos: readonly GateInfo[],
  skipped: readonly Competitor[],
): Report {
  const rows = results.flatMap((set) => set.rows);
  const first = results.map(({ systems }) => systems[0]!);
  const scores = first.flatMap((system) => system.scores);
  const { measures, intervals, byKind, byDomain, threshold } =
    first.length === 0
      ? nothing
      : first.length === 1
        ? first[0]!
        : summary(rows, scores, first[0]!);
  const sets = results.flatMap(({ name, rows }) => rows.map(() => name));
  return {
    ...measures,
    intervals,
    byKind,
    byDomain,
    rows: rows.map(({ rest, ...row }, index) => {
      const margin = scores[index]!;
      return { ...rest, set: sets[index]!, ...row, margin, verdict: margin > threshold ? 1 : 0 };
    }),
    sets: results.map(({ name, rows, systems, ways }) => ({
      name,
      rows: rows.length,
      queries: new Set(rows.map(({ query }) => query)).size,
      relevant: rows.filter(({ label }) => label === 1).length,
      systems,
      ways,
    })),
    folders: folders.map(folderReport),
    models: infos.map(
      ({ path, name, parameters, weightTypes, engine, device, threads, offset }) => ({
        ...{ path, name, parameters, weightTypes, engine, device, threads, offset },
      }),
    ),
    skipped: skipped.map(({ name, path }) => ({ name, path })),
  };
}

const nulls = Object.fromEntries(measureNames.map((name) => [name, null]));

/** Of no rows at all. */
const nothing = {
  measures: nulls as Record<MeasureName, null>,
  intervals: nulls as Record<MeasureName, null>,
  byKind: {},
  byDomain: {},
  threshold: 0,
};

/** "96.7 %"; a dash where there is nothing to measure. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`;
}

export function range(interval: Interval): string {
  if (!interval) return "–";
  return interval.map((share) => (100 * share).toFixed(1)).join("–");
}

/** A gate's margin; of a pair that it refused without asking its model there is none. */
export function marginText(score: number): string {
  return score === refusedScore ? "refused" : score.toFixed(2);
}

/** "29 of 30 (96.7 %)". */
export function shareText({ count, of, share }: Share): string {
  return share === null ? "–" : `${count} of ${of} (${percent(share)})`;
}
