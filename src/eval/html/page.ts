// The report as one HTML page that needs nothing else: no script, no font, no network.
import type { SystemResult } from "../evaluate.ts";
import {
  marginText,
  percent,
  type Report,
  type ReportRow,
  type ReportSet,
  range,
  shareText,
} from "../report.ts";
import { folderSection } from "./folder.ts";
import { escaped } from "./markup.ts";
import { plotsOf } from "./plots.ts";
import { style } from "./style.ts";
import { table } from "./table.ts";

/** Wrong rows that are listed; the audit has all. */
const maxWrongRows = 50;

export function page(report: Report): string {
  const { models, skipped } = report;
  const left = skipped.map(({ name }) => escaped(name)).join(", ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>qrag evaluation</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Evaluation of ${escaped(models[0]!.name ?? models[0]!.path)}</h1>
${table(
  ["model", "parameters", "weights", "engine", "threads", "accepts above"],
  models.map(({ path, parameters, weightTypes, engine, device, threads, offset }) => [
    escaped(path),
    `${(parameters / 1e6).toFixed(1)} million`,
    escaped(weightTypes.join(", ")),
    `${engine}, ${escaped(device)}`,
    String(threads),
    String(offset),
  ]),
)}
</header>
<main>
${report.folders.map(folderSection).join("\n")}
${report.sets.map((set) => section(set, report)).join("\n")}
</main>
<footer>
<p>Gates decide by their own line. A baseline's threshold is the one that is best for it on these very rows or this very
folder: generous, since nobody knows it beforehand. BM25 has k1&nbsp;1.2 and b&nbsp;0.75, English stop words and plurals
cut. ${intervals(report)}</p>
${left ? `<p>Not on disk, and left out: ${left}.</p>` : ""}
</footer>
</body>
</html>
`;
}

function intervals({ sets, folders }: Report): string {
  const rows = "by resampling queries; a set without errors shows none";
  const questions = "of folders by Wilson's formula";
  const ways = [...(folders.length > 0 ? [questions] : []), ...(sets.length > 0 ? [rows] : [])];
  return `Intervals are 95&nbsp;%, ${ways.join(", of rows ")}.`;
}

function section(set: ReportSet, report: Report): string {
  const { name, rows, queries, relevant } = set;
  return `<section>
<h2>${escaped(name)}</h2>
<p>${rows} rows of ${queries} queries, ${relevant} of them relevant.</p>
${systemsTable(set)}
${rankingTable(set)}
${waysTable(set)}
<div class="plots">${plotsOf(set, report)}</div>
${wrongRows(set, report)}
</section>`;
}

function systemsTable({ systems }: ReportSet): string {
  const head = ["system", "accepts above", "accuracy", "95 %", "same domain", "cross-domain"];
  const more = ["precision", "recall", "F1", "refused", "AUC", "ms a pair"];
  return table(
    [...head, ...more],
    systems.map(({ name, detail, threshold, oracle, measures, intervals, latency }) => [
      `${escaped(name)} <small>${escaped(detail)}</small>`,
      `${threshold.toFixed(2)}${oracle ? " <small>oracle</small>" : ""}`,
      percent(measures.accuracy),
      range(intervals.accuracy),
      percent(measures.sameDomain),
      percent(measures.crossDomain),
      percent(measures.precision),
      percent(measures.recall),
      percent(measures.f1),
      percent(measures.refusalRate),
      measures.auc?.toFixed(3) ?? "–",
      latency?.medianMs.toFixed(2) ?? "–",
    ]),
  );
}

function rankingTable({ systems }: ReportSet): string {
  const ranked = systems.filter(({ ranking }) => ranking !== undefined);
  if (ranked.length === 0) return "";
  return table(
    ["ranking", "queries", "nDCG@10", "recall@10", "recall of candidates"],
    ranked.map(({ name, ranking }) => [
      escaped(name),
      String(ranking!.queries),
      ranking!.ndcg10.toFixed(4),
      percent(ranking!.recall10),
      percent(ranking!.recallAtDepth),
    ]),
  );
}

function waysTable({ ways }: ReportSet): string {
  if (ways.length === 0) return "";
  return table(
    ["search in a store", "queries", "nDCG@10", "recall@100", "refused", "ms a query"],
    ways.map(({ name, queries, ndcg10, recall100, refused, medianMs }) => [
      escaped(name),
      String(queries),
      ndcg10.toFixed(4),
      percent(recall100),
      shareText(refused),
      medianMs.toFixed(1),
    ]),
  );
}

function wrongRows({ name, systems }: ReportSet, { rows }: Report): string {
  const gate: SystemResult = systems[0]!;
  const wrong = rows.filter((row) => row.set === name && row.verdict !== row.label);
  if (wrong.length === 0) return `<p>${escaped(gate.name)} gets every row right.</p>`;
  const surest = wrong.sort((a, b) => Math.abs(b.margin) - Math.abs(a.margin));
  const shown = surest.slice(0, maxWrongRows);
  const cells = ({ query, passage, label, margin, kind }: ReportRow) => [
    escaped(query),
    escaped(passage),
    escaped(kind),
    String(label),
    marginText(margin),
  ];
  const count = shown.length < wrong.length ? `, the surest ${shown.length} shown` : "";
  return `<details><summary>${wrong.length} wrong answers of ${escaped(gate.name)}${count}</summary>
${table(["query", "passage", "kind", "label", "margin"], shown.map(cells))}</details>`;
}
