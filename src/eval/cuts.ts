// Every way to cut scored rows in two: what is above a threshold is accepted, the rest refused.

/** What a pair gets that the gate refused without asking its model: below every margin, and a number that JSON has. */
export const refusedScore = -1000;

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

/**
 * From the cut that accepts nothing to the one that accepts everything; rows with equal scores stay together. What
 * was refused is above no threshold: it stays refused whatever the offset, and its score says nothing about where to cut.
 */
export function cutsOf(rows: readonly Scored[]): Cut[] {
  const judged = rows.filter(({ score }) => score !== refusedScore);
  const sorted = judged.sort((a, b) => b.score - a.score);
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
  if (!lowest) return [{ threshold: 0, truePositives, falsePositives }];
  cuts.push({ threshold: lowest.score - 1, truePositives, falsePositives });
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
