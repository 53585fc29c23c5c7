// Refused passages and judged ones, out in the order in which they came in.
import { refusedBecause, type Verdict } from "../verdict.ts";
import type { RefusalReason, Refuse } from "./refusal.ts";

/**
 * The verdicts on all texts: `judge` gives those on the texts that are not refused. What is refused at once waits until
 * the verdicts before it are out.
 */
export async function* withRefused(
  texts: Iterable<string>,
  refuse: Refuse,
  judge: (texts: Iterable<string>) => AsyncIterable<Verdict>,
): AsyncGenerator<Verdict, void> {
  const reasons: (RefusalReason | undefined)[] = [];
  for await (const verdict of judge(notRefused(texts, refuse, reasons))) {
    yield* refusedFirst(reasons);
    reasons.shift();
    yield verdict;
  }
  yield* refusedFirst(reasons);
}

/** The passages that are to be judged; `reasons` gets an entry for every passage, in order. */
function* notRefused(
  texts: Iterable<string>,
  refuse: Refuse,
  reasons: (RefusalReason | undefined)[],
): Generator<string> {
  for (const text of texts) {
    const reason = refuse(text);
    reasons.push(reason);
    if (reason === undefined) yield text;
  }
}

/** Takes the refused ones off the front. */
function* refusedFirst(reasons: (RefusalReason | undefined)[]): Generator<Verdict> {
  while (reasons.length > 0 && reasons[0] !== undefined) yield refusedBecause(reasons.shift()!);
}
