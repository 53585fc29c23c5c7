// Passages that were found, as text for people.
import { relative } from "node:path";
import type { Hit } from "../store/hits.ts";
import { printable } from "./output.ts";

/** Characters of a passage that are shown. */
const shownLength = 500;

/** A line that says where it stands, then the passage, further in. */
export function hitText(hit: Hit, number: number): string {
  const { text, headings, verdict, explain } = hit;
  const mark = verdict ? (verdict.relevant ? " relevant" : " not relevant") : "";
  // The headings' path is the first line of the text.
  const body = headings.length > 0 ? text.slice(text.indexOf("\n") + 1) : text;
  const cut =
    body.length > shownLength
      ? `${body.slice(0, shownLength).replace(/[\ud800-\udbff]$/, "")}…`
      : body;
  const lines = cut.split(/\r\n?|\n/).filter((line) => line.trim() !== "");
  return [
    `[${number}] ${placeText(hit)}${mark}`,
    ...(explain ? [`    ${explanationText(hit)}`] : []),
    ...lines.map((line) => `    ${printable(line)}`),
    "",
  ]
    .map((line) => `${line}\n`)
    .join("");
}

export function placeText({
  id,
  path,
  line,
  headings,
}: Pick<Hit, "id" | "path" | "line" | "headings">): string {
  const name = path === undefined ? id : shorter(path);
  const where = headings.length > 0 ? ` ${headings.join(" > ")}` : "";
  return printable(`${name}:${line}${where}`);
}

/** From the working folder, where that is shorter. */
function shorter(path: string): string {
  const near = relative("", path);
  return near !== "" && near.length < path.length ? near : path;
}

function explanationText({ score, explain }: Hit): string {
  const { vectorRank, keywordRank, similarity, weights, penalty, step } = explain!;
  const rank = (value: number | undefined) => (value === undefined ? "none" : `${value + 1}`);
  const parts = [
    step ? `step ${step.number}, worth ${step.value.toFixed(3)}` : `score ${score.toFixed(5)}`,
    `by vectors ${rank(vectorRank)} x ${weights.vector.toFixed(2)}`,
    `by keywords ${rank(keywordRank)} x ${weights.keyword.toFixed(2)}`,
  ];
  if (similarity !== undefined) parts.push(`similarity ${similarity.toFixed(3)}`);
  if (penalty > 0) parts.push(`repeats ${penalty.toFixed(3)}`);
  return parts.join(", ");
}
