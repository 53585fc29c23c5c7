// Refused passages and judged ones, out in the order in which they came in.
import { refusedBecause, type Verdict } from "../verdict.ts";
import type { RefusalReason, Refuse } from "./refusal.ts";

/** Refused one after another, so many are given out before the next is looked at: a few milliseconds' work. */
const mostInARow = 64;

/**
 * The verdicts on all passages: `judge` gives those on the passages that are not refused. What is refused at once waits until
 * the verdicts before it are out. Where refusals abound, the event loop gets its turn among them.
 */
export async function* withRefused<P extends { readonly text: string }>(
  passages: Iterable<P>,
  refuse: Refuse,
  judge: (passages: Iterable<P>) => AsyncIterable<Verdict>,
  signal?: AbortSignal,
): AsyncGenerator<Verdict, void> {
  const iterator = passages[Symbol.iterator]();
  try {
    for (let ended = false; !ended; ) {
      const reasons: (RefusalReason | undefined)[] = [];
      const judged = notRefused(iterator, refuse, reasons, () => {
        ended = true;
      });
      for await (const verdict of judge(judged)) {
        yield* refusedFirst(reasons);
        reasons.shift();
        yield verdict;
      }
      yield* refusedFirst(reasons);
      if (ended) return;
      await new Promise(setImmediate);
      signal?.throwIfAborted();
    }
  } finally {
    iterator.return?.();
  }
}

/**
 * The passages that are to be judged, up to the end or a long row of refused ones; `reasons` gets an entry for every
 * passage, in order.
 */
function* notRefused<P extends { readonly text: string }>(
  passages: Iterator<P>,
  refuse: Refuse,
  reasons: (RefusalReason | undefined)[],
  ended: () => void,
): Generator<P> {
  for (let inARow = 0; inARow < mostInARow; ) {
    const next = passages.next();
    if (next.done) return ended();
    const reason = refuse(next.value.text);
    reasons.push(reason);
    inARow = reason === undefined ? 0 : inARow + 1;
    if (reason === undefined) yield next.value;
  }
}

/** Takes the refused ones off the front. */
function* refusedFirst(reasons: (RefusalReason | undefined)[]): Generator<Verdict> {
  while (reasons.length > 0 && reasons[0] !== undefined) yield refusedBecause(reasons.shift()!);
}
