// The words of a text in HTML's tree, each with its place in the source.
import type { HtmlText } from "./html_tree.ts";
import { partOf, type Run } from "./runs.ts";

export interface Words {
  readonly words: string;
  /** In the source. */
  readonly from: number;
  readonly to: number;
  /** White space stands before them. */
  readonly spaced: boolean;
}

/** White space as HTML has it: a space that does not break is none. A soft hyphen is not seen, unless a line ends there. */
const parts = /[\t\n\f\r ]+|\u00ad+|[^\t\n\f\r \u00ad]+/g;

/** Without the white space. Returns whether some of it is left behind the last words. */
export function* wordsOf({ value }: HtmlText, runs: readonly Run[]): Generator<Words, boolean> {
  let spaced = false;
  let first = 0;
  for (const { index, 0: part } of value.matchAll(parts)) {
    if (part[0] === "\u00ad") continue;
    if (part.trimStart() === "" && !part.includes("\u00a0")) {
      spaced = true;
      continue;
    }
    const end = index + part.length;
    while (runs[first] && runs[first]!.end <= index) first++;
    for (let at = first; runs[at] && runs[at]!.start < end; at++) {
      yield { ...wordsIn(value, partOf(runs[at]!, { start: index, end })), spaced };
      spaced = false;
    }
  }
  return spaced;
}

/** As they are written, white space and all. */
export function* writtenOf({ value }: HtmlText, runs: readonly Run[]): Generator<Words, void> {
  for (const run of runs) yield { ...wordsIn(value, run), spaced: false };
}

function wordsIn(value: string, { start, end, from, to }: Run) {
  return { words: value.slice(start, end).replaceAll("\u00a0", " "), from, to };
}
