// The tables of qrag eval for folders with questions.
import type { FolderSystem } from "../eval/evaluate_folder.ts";
import type { Share } from "../eval/folder_measures.ts";
import type { FolderReport, FolderWay } from "../eval/folder_report.ts";
import { percent, range } from "../eval/report.ts";
import { printable, table } from "./output.ts";

export function folderText(folder: FolderReport): string {
  const rows = folder.systems.map((system) => Object.values(heads).map((cell) => cell(system)));
  return heading(folder) + waysText(folder) + table(Object.keys(heads), rows) + notes(folder);
}

function heading(folder: FolderReport): string {
  const { name, documents, passages, answerable, unanswerable, top, retrieved } = folder;
  return (
    `${printable(name)}: ${documents} documents in ${passages} passages; ` +
    `${answerable} questions with an answer, ${unanswerable} without\n` +
    `An answer is among the first ${top} passages for ${retrieved.count} of ${answerable}: ${cell(retrieved)}.\n`
  );
}

const cell = ({ share, interval }: Share) => `${percent(share)} (${range(interval)})`;

const heads = {
  SYSTEM: ({ name }: FolderSystem) => name,
  HOW: ({ detail }: FolderSystem) => detail,
  ABOVE: ({ threshold, oracle }: FolderSystem) =>
    `${threshold.toFixed(2)}${oracle ? " oracle" : ""}`,
  MEAN: ({ mean, meanInterval }: FolderSystem) => `${percent(mean)} (${range(meanInterval)})`,
  "KEPT RIGHT": ({ keptRight }: FolderSystem) => cell(keptRight),
  SILENT: ({ silent }: FolderSystem) => cell(silent),
  REFUSED: ({ refused }: FolderSystem) => cell(refused),
  SPEAKS: ({ speaks }: FolderSystem) => cell(speaks),
  "KEPT/QUESTION": ({ passagesKept }: FolderSystem) => passagesKept.toFixed(2),
} as const;

function waysText({ ways }: FolderReport): string {
  if (ways.length === 0) return "";
  const rows = ways.map((way) => Object.values(wayHeads).map((of) => of(way)));
  return `${table(Object.keys(wayHeads), rows)}\n`;
}

const wayHeads = {
  STORE: ({ name }: FolderWay) => name,
  RETRIEVED: ({ retrieved }: FolderWay) => cell(retrieved),
  "KEPT RIGHT": ({ keptRight }: FolderWay) => cell(keptRight),
  SILENT: ({ silent }: FolderWay) => cell(silent),
  SPEAKS: ({ speaks }: FolderWay) => cell(speaks),
} as const;

/** Files named one by one, as long as they are few. */
const namedFiles = 10;

function notes({ answersNotFound, unreadable }: FolderReport): string {
  const lines: string[] = [];
  if (answersNotFound.length > 0) {
    lines.push(
      `answers found in no passage, by line of the questions: ${answersNotFound.join(", ")}`,
    );
  }
  for (const { path, reason } of unreadable.slice(0, namedFiles)) {
    lines.push(`not read: ${printable(path)} (${printable(reason)})`);
  }
  const more = unreadable.length - namedFiles;
  if (more > 0) lines.push(`not read: ${more} more`);
  return lines.map((line) => `${line}\n`).join("");
}
