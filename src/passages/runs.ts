// Stretches of a text, and what each of them comes from in its source.
import type { Range } from "./block.ts";

/** Where text and source are of one length they are the same, character for character. */
export interface Run extends Range {
  /** In the source. */
  readonly from: number;
  readonly to: number;
}

/** Adds a run behind the others; one that goes on from the last becomes a part of it. */
export function addRun(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  const goesOn = last?.end === run.start && last.to === run.from && isExact(last) && isExact(run);
  if (goesOn) runs[runs.length - 1] = { ...last, end: run.end, to: run.to };
  else runs.push(run);
}

/** The part of a run between two indices of its text; all of its source where it is not known which part of that. */
export function partOf(run: Run, { start, end }: Range): Run {
  const part = { start: Math.max(start, run.start), end: Math.min(end, run.end) };
  if (!isExact(run)) return { ...part, from: run.from, to: run.to };
  const offset = run.from - run.start;
  return { ...part, from: part.start + offset, to: part.end + offset };
}

function isExact({ start, end, from, to }: Run): boolean {
  return to - from === end - start;
}
