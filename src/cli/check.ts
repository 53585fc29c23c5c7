// The checks of `qrag verify`: pairs judged by the decision rows, and by the whole vocabulary where the file allows it.
import type { LabelledRow } from "../../base/labelled_row.ts";
import type { Gate } from "../gate.ts";
import { builtInPairs, cardExamples } from "./pairs.ts";
import { pipeline } from "./pipeline.ts";
import type { ProgressBar } from "./progress.ts";

export interface CheckedPair extends LabelledRow {
  readonly answer: 0 | 1;
  readonly margin: number;
  /** The answer of the likeliest token of all; undefined when the file has no whole head. */
  readonly fullVocabulary: 0 | 1 | undefined;
}

export interface Checks {
  /** What the model's card promises. */
  readonly examples: readonly CheckedPair[];
  /** Undefined when the file has no whole head. */
  readonly agreement: { readonly pairs: number; readonly agreed: number } | undefined;
  /** Undefined when no rows were given. */
  readonly rows: { readonly count: number; readonly right: number } | undefined;
}

/** Pairs under way at once: enough to fill the batches of the engine. */
const pairsAhead = 32;

export async function check(
  gate: Gate,
  rows: readonly LabelledRow[] | undefined,
  { signal, bar }: { signal: AbortSignal; bar: ProgressBar },
): Promise<Checks> {
  const sets = [cardExamples, builtInPairs, rows ?? []];
  const total = sets.reduce((sum, set) => sum + set.length, 0);
  const { fullVocabulary } = gate.info;
  const judge = ({ query, passage }: LabelledRow) =>
    gate.judge(query, passage, { signal, fullVocabulary });
  const checked: CheckedPair[] = [];
  for await (const [row, { margin, relevant }] of pipeline(each(sets), pairsAhead, judge)) {
    const whole = fullVocabulary ? answerOf(relevant) : undefined;
    checked.push({ ...row, answer: answerOf(margin > 0), margin, fullVocabulary: whole });
    bar.update({ done: checked.length, total });
  }
  const examples = checked.slice(0, cardExamples.length);
  const labelled = checked.slice(cardExamples.length + builtInPairs.length);
  const agreed = checked.filter((pair) => pair.answer === pair.fullVocabulary).length;
  const right = labelled.filter((pair) => pair.answer === pair.label).length;
  return {
    examples,
    agreement: fullVocabulary ? { pairs: checked.length, agreed } : undefined,
    rows: rows ? { count: labelled.length, right } : undefined,
  };
}

async function* each<T>(sets: readonly (readonly T[])[]): AsyncGenerator<T> {
  for (const set of sets) yield* set;
}

function answerOf(relevant: boolean): 0 | 1 {
  return relevant ? 1 : 0;
}
