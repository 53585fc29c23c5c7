// gatedAnswer: retrieves, judges, and asks the generator only where evidence is left.
import { isObject, refuse } from "../checks.ts";
import type { Gate, Ranked } from "../gate.ts";
import type { Passage } from "../given.ts";
import { withinBudget } from "./budget.ts";
import {
  type AnswerOptions,
  checkAnswerOptions,
  defaultRefusal,
  type Retrieve,
} from "./options.ts";

/** Why a passage was not given to the generator: the gate's verdict, or no room left for it. */
export type DropReason = "irrelevant" | "budget";

export interface Dropped<P extends Passage = Passage> extends Ranked<P> {
  readonly why: DropReason;
}

/** What came of a question. */
export interface GatedAnswer<P extends Passage = Passage> {
  /** What the generator said, or the refusal. */
  readonly answer: string;
  /** Whether the generator was asked. */
  readonly answered: boolean;
  /** What the generator was given, the largest margin first. `index` is the place among the retrieved passages. */
  readonly kept: readonly Ranked<P>[];
  /** Every other passage, the largest margin first. */
  readonly dropped: readonly Dropped<P>[];
  /** Milliseconds. */
  readonly timings: {
    readonly retrieve: number;
    readonly judge: number;
    readonly generate: number;
    readonly total: number;
  };
}

const defaultTopK = 20;

/**
 * Answers a question from retrieved passages. Only the passages that the gate judges relevant reach the generator, the
 * best first and as many as the budget allows. When none is left, the generator is not called and the answer is the
 * refusal.
 */
export async function gatedAnswer<P extends Passage>(
  options: AnswerOptions<P>,
): Promise<GatedAnswer<P>> {
  const checked = checkAnswerOptions(options);
  const { query, retrieve, generate, gate, signal, onText } = checked;
  const { topK = defaultTopK, refusal = defaultRefusal, budget = {} } = checked;
  signal?.throwIfAborted();
  const clock = stopwatch();
  const passages = await orAborted(signal, () => take(retrieve, query, topK, signal));
  const retrieved = clock();
  const { kept, dropped } = await sift(gate, query, passages, budget, signal);
  const judged = clock();
  const timed = (generate: number, total: number) => ({
    retrieve: retrieved,
    judge: judged - retrieved,
    generate,
    total,
  });
  if (kept.length === 0) {
    return { answer: refusal, answered: false, kept, dropped, timings: timed(0, judged) };
  }
  const given = { query, passages: kept.map(({ passage }) => passage), refusal, signal, onText };
  const answer: unknown = await orAborted(signal, () => generate(given));
  if (typeof answer !== "string") return refuse("a string", "what generate gives", answer);
  const total = clock();
  return { answer, answered: true, kept, dropped, timings: timed(total - judged, total) };
}

/** The first passages of a retriever, however it gives them. An iterator that has more is closed. */
async function take<P>(
  retrieve: Retrieve<P>,
  query: string,
  topK: number,
  signal: AbortSignal | undefined,
): Promise<P[]> {
  const taken: P[] = [];
  const found: unknown = await retrieve(query, { topK, signal });
  // A string is iterable too, and never meant: it would be judged letter by letter.
  const many =
    isObject(found) && (Symbol.iterator in found || Symbol.asyncIterator in found)
      ? (found as unknown as Iterable<P> | AsyncIterable<P>)
      : refuse("an iterable of passages", "what retrieve gives", found);
  for await (const passage of many) {
    signal?.throwIfAborted();
    taken.push(passage);
    if (taken.length === topK) break;
  }
  return taken;
}

async function sift<P extends Passage>(
  gate: Pick<Gate, "rank">,
  query: string,
  passages: readonly P[],
  budget: NonNullable<AnswerOptions<P>["budget"]>,
  signal: AbortSignal | undefined,
): Promise<{ kept: Ranked<P>[]; dropped: Dropped<P>[] }> {
  const kept: Ranked<P>[] = [];
  const dropped: Dropped<P>[] = [];
  const fits = withinBudget(budget);
  for (const ranked of await gate.rank(query, passages, { signal })) {
    if (!ranked.verdict.relevant) dropped.push({ ...ranked, why: "irrelevant" });
    else if (fits(ranked.passage)) kept.push(ranked);
    else dropped.push({ ...ranked, why: "budget" });
  }
  return { kept, dropped };
}

/** What the caller's function gives; the signal's reason as soon as it is aborted, even if the function ignores it. */
async function orAborted<T>(
  signal: AbortSignal | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  if (!signal) return work();
  signal.throwIfAborted();
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Milliseconds since it was made. */
function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}
