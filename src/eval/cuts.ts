// Every way to cut scored rows in two: what is above a threshold is accepted, the rest refused.

export interface Scored {
  readonly score: number;
  readonly label: 0 | 1;
}

export interface Cut {
  /** Scores above this one are accepted. */
  readonly threshold: number;
  readonly truePositives: number;
  readonly falsePositives: number;
}

/** From the cut that accepts nothing to the one that accepts everything; rows with equal scores stay together. */
export function cutsOf(rows: readonly Scored[]): Cut[] {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const cuts: Cut[] = [];
  let truePositives = 0;
  let falsePositives = 0;
  for (const [index, { score, label }] of sorted.entries()) {
    const above = sorted[index - 1]?.score;
    if (above !== score) {
      cuts.push({ threshold: between(score, above), truePositives, falsePositives });
    }
    if (label === 1) truePositives++;
    else falsePositives++;
  }
  const lowest = sorted.at(-1);
  if (lowest) cuts.push({ threshold: lowest.score - 1, truePositives, falsePositives });
  return cuts;
}

/** Midway, if there is a number between the two: neither row is then at the edge. */
function between(lower: number, upper: number | undefined): number {
  if (upper === undefined) return lower;
  const middle = lower + (upper - lower) / 2;
  return middle < upper ? middle : lower;
}

/** The cut with the most right answers, of equal ones the strictest. No threshold that was chosen beforehand is better. */
export function oracleCut(rows: readonly Scored[]): Cut {
  const negatives = rows.filter(({ label }) => label === 0).length;
  const right = (cut: Cut) => cut.truePositives + negatives - cut.falsePositives;
  return cutsOf(rows).reduce((best, cut) => (right(cut) > right(best) ? cut : best));
}
