// A folder with questions on the page: the table, a plot, and the questions that the first gate gets wrong.
import type { FolderSystem } from "../evaluate_folder.ts";
import type { RetrievedPassage } from "../folder.ts";
import { answerRetrieved, type Share } from "../folder_measures.ts";
import type { FolderReport, FolderWay } from "../folder_report.ts";
import { marginText, percent, range, shareText } from "../report.ts";
import { escaped, tag } from "./markup.ts";
import { barPlot } from "./plots.ts";
import { table } from "./table.ts";

export function folderSection(folder: FolderReport): string {
  const { name, documents, passages, answerable, unanswerable, top, retrieved } = folder;
  return `<section>
<h2>${escaped(name)}</h2>
<p>${documents} documents in ${passages} passages; ${answerable} questions with an answer, ${unanswerable} without.
An answer is among the first ${top} passages for ${shareText(retrieved)}, ${range(retrieved.interval)}.</p>
${waysTable(folder)}
${systemsTable(folder)}
${notes(folder)}
<div class="plots">${sharesPlot(folder)}</div>
${wrongQuestions(folder)}
</section>`;
}

const head = [
  "system",
  "accepts above",
  "mean",
  "kept right",
  "silent",
  "refused",
  "speaks",
  "kept a question",
  "ms a pair",
];

function systemsTable({ systems }: FolderReport): string {
  return table(
    head,
    systems.map((system) => [
      `${escaped(system.name)} <small>${escaped(system.detail)}</small>`,
      `${system.threshold.toFixed(2)}${system.oracle ? " <small>oracle</small>" : ""}`,
      `${percent(system.mean)} ${small(range(system.meanInterval))}`,
      cell(system.keptRight),
      cell(system.silent),
      cell(system.refused),
      cell(system.speaks),
      system.passagesKept.toFixed(2),
      system.latency?.medianMs.toFixed(2) ?? "–",
    ]),
  );
}

function waysTable({ ways }: FolderReport): string {
  if (ways.length === 0) return "";
  return table(
    ["search in a store", "retrieved", "kept right", "silent", "speaks"],
    ways.map(({ name, retrieved, keptRight, silent, speaks }: FolderWay) => [
      escaped(name),
      ...[retrieved, keptRight, silent, speaks].map(cell),
    ]),
  );
}

function cell(share: Share): string {
  return `${shareText(share)} ${small(range(share.interval))}`;
}

function small(text: string): string {
  return tag("small", {}, text);
}

function notes({ answersNotFound, unreadable }: FolderReport): string {
  const lines: string[] = [];
  if (answersNotFound.length > 0) {
    lines.push(
      `Answers found in no passage, by line of the questions: ${answersNotFound.join(", ")}.`,
    );
  }
  if (unreadable.length > 0) {
    const paths = unreadable.map(({ path, reason }) => `${path} (${reason})`);
    lines.push(`Not read: ${paths.join(", ")}.`);
  }
  return lines.map((line) => tag("p", {}, escaped(line))).join("");
}

function sharesPlot({ systems }: FolderReport): string {
  const bars = systems.flatMap(({ name, keptRight, refused }) => [
    barOf(name, keptRight, "c0"),
    barOf("", refused, "c1"),
  ]);
  return barPlot("Kept right, and refused", bars, 1, [
    '<span class="key c0">the answer kept, of those retrieved</span>',
    '<span class="key c1">refused, of those without an answer</span>',
  ]);
}

function barOf(name: string, share: Share, colour: string) {
  return { name, value: share.share ?? 0, note: percent(share.share), class: colour };
}

interface WrongQuestion {
  readonly question: string;
  readonly what: string;
  readonly passage: RetrievedPassage;
  readonly score: number;
}

/** Wrong questions that are listed; the audit has all. */
const maxWrongQuestions = 50;

function wrongQuestions(folder: FolderReport): string {
  const gate: FolderSystem = folder.systems[0]!;
  const wrong = wrongOf(folder, gate);
  if (wrong.length === 0) return `<p>${escaped(gate.name)} gets every question right.</p>`;
  const shown = wrong.slice(0, maxWrongQuestions);
  const count = shown.length < wrong.length ? `, the first ${shown.length} shown` : "";
  const cells = ({ question, what, passage, score }: WrongQuestion) => [
    escaped(question),
    `${small(escaped(`${passage.path}:${passage.line}`))} ${escaped(passage.text)}`,
    what,
    marginText(score),
  ];
  return `<details><summary>${wrong.length} questions that ${escaped(gate.name)} gets wrong${count}</summary>
${table(["question", "passage", "gate", "margin"], shown.map(cells))}</details>`;
}

/** With the answer that was not kept, or else the passage that should not have been. */
function wrongOf(
  { questions }: FolderReport,
  { scores, threshold }: FolderSystem,
): WrongQuestion[] {
  return questions.flatMap(({ question, answer, retrieved }, index) => {
    const best = (indices: readonly number[]) =>
      indices.reduce((a, b) => (scores[index]![b]! > scores[index]![a]! ? b : a));
    const all = [...retrieved.keys()];
    const right = all.filter((each) => retrieved[each]!.holdsAnswer);
    const expected = answerRetrieved({ retrieved });
    if (!expected && (answer !== null || all.length === 0)) return [];
    const chosen = best(expected ? right : all);
    const score = scores[index]![chosen]!;
    if (score > threshold === expected) return [];
    const what = !expected
      ? "speaks"
      : scores[index]!.some((each) => each > threshold)
        ? "kept others"
        : "silent";
    return [{ question, what, passage: retrieved[chosen]!, score }];
  });
}
