// The options of gatedAnswer, checked before anything is retrieved.
import {
  type Check,
  type Checks,
  callable,
  checkedBy,
  count,
  isObject,
  refuse,
  signal,
} from "../checks.ts";
import type { Gate } from "../gate.ts";
import { checkQuery, type Passage } from "../given.ts";
import { limits } from "../options.ts";
import type { Budget } from "./budget.ts";

export const defaultRefusal = "I don't have evidence to answer that.";

export interface RetrieveOptions {
  /** No more than these are looked at. */
  readonly topK: number;
  readonly signal: AbortSignal | undefined;
}

/** Any retriever: an array, a generator, a promise of either; the best passages first. */
export type Retrieve<P> = (
  query: string,
  options: RetrieveOptions,
) => Iterable<P> | AsyncIterable<P> | Promise<Iterable<P> | AsyncIterable<P>>;

export interface Evidence<P extends Passage = Passage> {
  readonly query: string;
  /** The relevant passages, the largest margin first; at least one. */
  readonly passages: readonly P[];
  /** What to say where they turn out not to hold the answer. */
  readonly refusal: string;
  readonly signal: AbortSignal | undefined;
  /** Called with each piece of the answer by generators that stream. */
  readonly onText: ((piece: string) => void) | undefined;
}

/** Any generator: evidence in, the answer out. */
export type Generate<P extends Passage = Passage> = (
  evidence: Evidence<P>,
) => string | Promise<string>;

export interface AnswerOptions<P extends Passage = Passage> {
  readonly query: string;
  readonly retrieve: Retrieve<P>;
  readonly generate: Generate<P>;
  readonly gate: Pick<Gate, "rank">;
  /** Passages that are judged. Default 20. */
  readonly topK?: number | undefined;
  /** The answer where no passage is relevant. Default "I don't have evidence to answer that." */
  readonly refusal?: string | undefined;
  /** What the generator has room for. Default: no limit. */
  readonly budget?: Budget | undefined;
  /** Stops at any stage; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each piece of the answer, if the generator streams. */
  readonly onText?: ((piece: string) => void) | undefined;
}

const text: Check<string> = (value, name) =>
  typeof value === "string" ? value : refuse("a string", name, value);

const budgetChecks: Checks<Budget> = {
  tokens: count(Number.MAX_SAFE_INTEGER),
  passages: count(limits.passages),
  count: callable<(text: string) => number>(),
};

const answerChecks: Checks<AnswerOptions> = {
  query: checkQuery,
  retrieve: callable<Retrieve<Passage>>(),
  generate: callable<Generate>(),
  gate: (value, name) =>
    isObject(value) && typeof value.rank === "function"
      ? (value as unknown as Gate)
      : refuse("a gate", name, value),
  topK: count(limits.passages),
  refusal: text,
  budget: (value) => checkedBy(budgetChecks, "budget", value as Budget),
  signal,
  onText: callable<(piece: string) => void>(),
};

const needed = ["query", "retrieve", "generate", "gate"] as const;

export function checkAnswerOptions<P extends Passage>(options: AnswerOptions<P>): AnswerOptions<P> {
  const checked = checkedBy<AnswerOptions>(
    answerChecks,
    "gatedAnswer",
    options as unknown as AnswerOptions,
  );
  for (const name of needed) if (checked[name] === undefined) answerChecks[name](undefined, name);
  return checked as unknown as AnswerOptions<P>;
}
