// What a system makes of a folder's questions: kept where there is an answer, silent where there is none.
import { type Cut, cutsOf, type Scored } from "./cuts.ts";
import type { RetrievedQuestion } from "./folder.ts";
import { type Interval, meanInterval, wilson } from "./intervals.ts";

/** So many of so many. */
export interface Share {
  readonly count: number;
  readonly of: number;
  /** Null where there are none to count. */
  readonly share: number | null;
  /** Wilson's 95% interval. */
  readonly interval: Interval;
}

export interface FolderMeasures {
  /** Of the questions whose answer was retrieved, those for which a passage that holds it was kept. */
  readonly keptRight: Share;
  /** Of the same questions, those for which nothing was kept. */
  readonly silent: Share;
  /** Of the questions without an answer, those for which nothing was kept. */
  readonly refused: Share;
  /** Of the same questions, those for which something was kept. */
  readonly speaks: Share;
  /** Of the shares kept right and refused. */
  readonly mean: number | null;
  readonly meanInterval: Interval;
  /** Passages kept for a question, on average. */
  readonly passagesKept: number;
}

/** A question with the scores of its passages. */
export interface ScoredQuestion extends Pick<RetrievedQuestion, "answer" | "retrieved"> {
  readonly scores: readonly number[];
}

export function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): Share {
  const count = items.filter(holds).length;
  const of = items.length;
  return { count, of, share: of > 0 ? count / of : null, interval: wilson(count, of) };
}

export function answerRetrieved({ retrieved }: Pick<RetrievedQuestion, "retrieved">): boolean {
  return retrieved.some(({ holdsAnswer }) => holdsAnswer);
}

export function folderMeasures(
  questions: readonly ScoredQuestion[],
  threshold: number,
): FolderMeasures {
  const found = questions.filter(answerRetrieved);
  const unanswerable = questions.filter(({ answer }) => answer === null);
  const silent = (question: ScoredQuestion) => !(bestScore(question) > threshold);
  const keptRight = shareOf(found, (question) => bestRightScore(question) > threshold);
  const refused = shareOf(unanswerable, silent);
  const kept = questions.flatMap(({ scores }) => scores.filter((score) => score > threshold));
  return {
    keptRight,
    silent: shareOf(found, silent),
    refused,
    speaks: shareOf(unanswerable, (question) => !silent(question)),
    mean: meanOf(keptRight.share, refused.share),
    meanInterval: meanInterval(keptRight, refused),
    passagesKept: kept.length / questions.length,
  };
}

/** The threshold with the best mean of kept right and refused, of equal ones the strictest. */
export function bestThreshold(questions: readonly ScoredQuestion[]): number {
  const found = questions.filter(answerRetrieved);
  const unanswerable = questions.filter(({ answer }) => answer === null);
  const rows: Scored[] = [
    ...found.map((question) => ({ label: 1, score: bestRightScore(question) }) as const),
    // Nothing retrieved is nothing kept, whatever the threshold.
    ...unanswerable
      .filter(({ scores }) => scores.length > 0)
      .map((question) => ({ label: 0, score: bestScore(question) }) as const),
  ];
  if (rows.length === 0) return 0;
  const right = ({ truePositives, falsePositives }: Cut) =>
    truePositives / Math.max(1, found.length) - falsePositives / Math.max(1, unanswerable.length);
  return cutsOf(rows).reduce((best, cut) => (right(cut) > right(best) ? cut : best)).threshold;
}

function bestScore({ scores }: ScoredQuestion): number {
  return Math.max(...scores);
}

function bestRightScore({ scores, retrieved }: ScoredQuestion): number {
  return Math.max(...scores.filter((_, index) => retrieved[index]!.holdsAnswer));
}

function meanOf(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : (a + b) / 2;
}
