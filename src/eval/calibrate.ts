// Finds the offset that gives a wanted precision on labelled rows, and says how far those rows can be trusted.
import { QragError } from "../../base/errors.ts";
import { type Cut, cutsOf, type Scored } from "./cuts.ts";
import { type Interval, wilson } from "./intervals.ts";
import { randomNumbers, shuffled } from "./random.ts";

export interface ScoredPair extends Scored {
  readonly query: string;
}

/** What a gate gets right with an offset. Shares are null where there is nothing to measure them on. */
export interface Rates {
  readonly accepted: number;
  readonly precision: number | null;
  /** Wilson's 95% interval. */
  readonly precisionInterval: Interval;
  readonly recall: number | null;
  /** Share of the irrelevant rows that were accepted. */
  readonly falseAcceptance: number | null;
}

export interface CalibrationResult {
  readonly rows: number;
  readonly queries: number;
  readonly relevant: number;
  readonly wanted: number;
  readonly offset: number;
  readonly atZero: Rates;
  readonly atOffset: Rates;
  /** On queries that had no say in the choice: each fifth judged by the offset that the other four give. */
  readonly crossValidated: Rates;
  /** Whether the rows vouch for the wanted precision: the interval's lower end reaches it. */
  readonly vouched: boolean;
}

const folds = 5;
const seed = 1;

export function calibrate(rows: readonly ScoredPair[], wanted: number): CalibrationResult {
  const relevant = rows.filter(({ label }) => label === 1).length;
  if (relevant === 0 || relevant === rows.length) {
    const only = relevant === 0 ? "irrelevant" : "relevant";
    throw new QragError(
      "INPUT_INVALID",
      `All ${rows.length} rows are ${only}. A calibration needs rows of both labels, in the proportion the gate will meet.`,
    );
  }
  const cut = bestCut(rows, wanted);
  if (!cut) throw unreachable(rows, wanted);
  const atOffset = ratesOf(rows, () => cut.threshold);
  return {
    rows: rows.length,
    queries: new Set(rows.map(({ query }) => query)).size,
    relevant,
    wanted,
    offset: cut.threshold,
    atZero: ratesOf(rows, () => 0),
    atOffset,
    crossValidated: crossValidate(rows, wanted),
    vouched: (atOffset.precisionInterval?.[0] ?? 0) >= wanted,
  };
}

/** Of the cuts that are precise enough the one that keeps most. It lies between rows: beyond them nothing is known. */
function bestCut(rows: readonly Scored[], wanted: number): Cut | undefined {
  let best: Cut | undefined;
  for (const cut of cutsOf(rows).slice(1, -1)) {
    const kept = cut.truePositives;
    if (precisionOf(cut) >= wanted && kept > (best?.truePositives ?? 0)) best = cut;
  }
  return best;
}

function precisionOf({ truePositives, falsePositives }: Cut): number {
  return truePositives / (truePositives + falsePositives);
}

function ratesOf(rows: readonly ScoredPair[], offsetOf: (row: ScoredPair) => number): Rates {
  const accepted = rows.filter((row) => row.score > offsetOf(row));
  const right = accepted.filter(({ label }) => label === 1).length;
  const relevant = rows.filter(({ label }) => label === 1).length;
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  return {
    accepted: accepted.length,
    precision: share(right, accepted.length),
    precisionInterval: wilson(right, accepted.length),
    recall: share(right, relevant),
    falseAcceptance: share(accepted.length - right, rows.length - relevant),
  };
}

function crossValidate(rows: readonly ScoredPair[], wanted: number): Rates {
  const queries = shuffled([...new Set(rows.map(({ query }) => query))], randomNumbers(seed));
  const foldOf = new Map(queries.map((query, index) => [query, index % folds]));
  const offsets = Array.from({ length: folds }, (_, fold) => {
    const others = rows.filter(({ query }) => foldOf.get(query) !== fold);
    // Where the others give no offset, nothing is accepted.
    return bestCut(others, wanted)?.threshold ?? Infinity;
  });
  return ratesOf(rows, ({ query }) => offsets[foldOf.get(query)!]!);
}

function unreachable(rows: readonly ScoredPair[], wanted: number): QragError {
  const { precision, recall } = ratesOf(rows, () => 0);
  const precisions = cutsOf(rows).slice(1, -1).map(precisionOf);
  const best = precisions.reduce((a, b) => Math.max(a, b), 0);
  return new QragError(
    "INPUT_INVALID",
    `No offset gives a precision of ${wanted} on these ${rows.length} rows; the best there is gives ${best.toFixed(3)}, ` +
      `and 0 gives ${(precision ?? 0).toFixed(3)} at a recall of ${(recall ?? 0).toFixed(3)}. ` +
      "Ask for less, or look at the irrelevant rows with the largest margins.",
  );
}
