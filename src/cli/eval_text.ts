// The tables of qrag eval on a terminal.
import type { Part, SystemResult } from "../eval/evaluate.ts";
import { percent, type Report, type ReportSet, range, shareText } from "../eval/report.ts";
import { meansOf } from "../eval/search_set.ts";
import { folderText } from "./eval_folder_text.ts";
import { printable, table } from "./output.ts";

export function evalText({ sets, folders, skipped }: Report): string {
  const left = skipped.map(
    ({ name, path }) => `not on disk: ${printable(name)} (${printable(path)})\n`,
  );
  const parts = sets.flatMap((set) => [
    heading(set),
    systemsText(set),
    partsText("KIND", set, (system) => system.byKind),
    partsText("DOMAIN", set, (system) => system.byDomain),
    rankingText(set),
    waysText(set),
  ]);
  return [...folders.map(folderText), ...parts, meansText(sets), left.join("")]
    .filter((part) => part !== "")
    .join("\n");
}

function heading({ name, rows, queries, relevant }: ReportSet): string {
  return `${printable(name)}: ${rows} rows of ${queries} queries, ${relevant} relevant\n`;
}

const heads = {
  SYSTEM: ({ name }: SystemResult) => name,
  HOW: ({ detail }: SystemResult) => detail,
  ABOVE: ({ threshold, oracle }: SystemResult) =>
    `${threshold.toFixed(2)}${oracle ? " oracle" : ""}`,
  ACCURACY: ({ measures }: SystemResult) => percent(measures.accuracy),
  "95 %": ({ intervals }: SystemResult) => range(intervals.accuracy),
  SAME: ({ measures }: SystemResult) => percent(measures.sameDomain),
  CROSS: ({ measures }: SystemResult) => percent(measures.crossDomain),
  PRECISION: ({ measures }: SystemResult) => percent(measures.precision),
  RECALL: ({ measures }: SystemResult) => percent(measures.recall),
  F1: ({ measures }: SystemResult) => percent(measures.f1),
  REFUSED: ({ measures }: SystemResult) => percent(measures.refusalRate),
  AUC: ({ measures }: SystemResult) => measures.auc?.toFixed(3) ?? "–",
  "MS/PAIR": ({ latency }: SystemResult) => latency?.medianMs.toFixed(2) ?? "–",
  P95: ({ latency }: SystemResult) => latency?.p95Ms.toFixed(2) ?? "–",
} as const;

function systemsText({ systems }: ReportSet): string {
  const rows = systems.map((system) => Object.values(heads).map((cell) => cell(system)));
  return table(Object.keys(heads), rows);
}

/** One column a system: right of how many. Rows that are all of one kind or domain have no table. */
function partsText(
  head: string,
  { systems }: ReportSet,
  partsOf: (system: SystemResult) => Readonly<Record<string, Part>>,
): string {
  const names = Object.keys(partsOf(systems[0]!));
  if (names.length < 2) return "";
  const rows = names.map((name) => [
    name,
    ...systems.map((system) => {
      const { right, count } = partsOf(system)[name]!;
      return `${right}/${count}`;
    }),
  ]);
  return table([head, ...systems.map(({ name }) => name)], rows);
}

function rankingText({ systems }: ReportSet): string {
  const rows = systems.flatMap(({ name, ranking }) =>
    ranking
      ? [
          [
            name,
            ranking.queries,
            ranking.ndcg10.toFixed(4),
            percent(ranking.recall10),
            percent(ranking.recallAtDepth),
          ],
        ]
      : [],
  );
  if (rows.length === 0) return "";
  return table(["RANKING", "QUERIES", "NDCG@10", "RECALL@10", "RECALL OF CANDIDATES"], rows);
}

function waysText({ ways }: ReportSet): string {
  if (ways.length === 0) return "";
  const rows = ways.map(({ name, queries, ndcg10, recall100, refused, medianMs }) => [
    name,
    queries,
    ndcg10.toFixed(4),
    percent(recall100),
    shareText(refused),
    medianMs.toFixed(1),
  ]);
  return table(["STORE", "QUERIES", "NDCG@10", "RECALL@100", "REFUSED", "MS/QUERY"], rows);
}

function meansText(sets: readonly ReportSet[]): string {
  const rows = meansOf(sets.map(({ ways }) => ways)).map(({ name, ndcg10, recall100 }) => [
    name,
    ndcg10.toFixed(4),
    percent(recall100),
  ]);
  return rows.length > 0 ? table(["MEAN OF SETS", "NDCG@10", "RECALL@100"], rows) : "";
}
