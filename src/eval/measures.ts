// What a table says of a system: shares of right answers, precision, recall, refusals, and the area under the curve.
import type { Scored } from "./cuts.ts";

export interface ScoredRow extends Scored {
  readonly query: string;
  readonly kind: string;
  readonly accepted: boolean;
}

/** Each from 0 to 1; null where the rows hold nothing it could be measured on. */
export interface Measures {
  readonly accuracy: number | null;
  /** Accuracy on all but the cross-domain rows; null, as the next one, if there are none of these. */
  readonly sameDomain: number | null;
  readonly crossDomain: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  /** Of the queries without a relevant passage, those for which nothing was accepted. */
  readonly refusalRate: number | null;
  /** Probability that a relevant row scores above an irrelevant one; equal scores count half. */
  readonly auc: number | null;
}

export type MeasureName = keyof Measures;
export const measureNames: readonly MeasureName[] = [
  "accuracy",
  "sameDomain",
  "crossDomain",
  "precision",
  "recall",
  "f1",
  "refusalRate",
  "auc",
];

/** Rows sorted by score and grouped by query: ready to be measured often, each time with other weights. */
export class Measurable {
  /** Number of queries. */
  readonly groups: number;
  readonly #rows: readonly (ScoredRow & { readonly group: number })[];
  readonly #answerable: boolean[] = [];
  readonly #accepting: boolean[] = [];

  constructor(rows: readonly ScoredRow[]) {
    const groups = new Map<string, number>();
    for (const { query } of rows) if (!groups.has(query)) groups.set(query, groups.size);
    this.groups = groups.size;
    this.#rows = rows
      .map((row) => ({ ...row, group: groups.get(row.query)! }))
      .sort((a, b) => b.score - a.score);
    for (const { group, label, accepted } of this.#rows) {
      this.#answerable[group] ||= label === 1;
      this.#accepting[group] ||= accepted;
    }
  }

  /** `weights`: how often each query counts, with all its rows; by default once. */
  measure(weights: ArrayLike<number> = new Uint8Array(this.groups).fill(1)): Measures {
    const same = new Share();
    const cross = new Share();
    const precision = new Share();
    const recall = new Share();
    for (const { label, kind, accepted, group } of this.#rows) {
      const weight = weights[group]!;
      (kind === "cross-domain" ? cross : same).add(accepted === (label === 1), weight);
      if (accepted) precision.add(label === 1, weight);
      if (label === 1) recall.add(accepted, weight);
    }
    const refused = new Share();
    for (const [group, answerable] of this.#answerable.entries()) {
      if (!answerable) refused.add(!this.#accepting[group], weights[group]!);
    }
    const truePositives = 2 * recall.held;
    const errors = precision.of - precision.held + recall.of - recall.held;
    return {
      accuracy: ratio(same.held + cross.held, same.of + cross.of),
      sameDomain: cross.of > 0 ? same.value : null,
      crossDomain: cross.value,
      precision: precision.value,
      recall: recall.value,
      f1: ratio(truePositives, truePositives + errors),
      refusalRate: refused.value,
      auc: this.#areaUnderCurve(weights),
    };
  }

  #areaUnderCurve(weights: ArrayLike<number>): number | null {
    let area = 0;
    let positivesAbove = 0;
    let negatives = 0;
    const rows = this.#rows;
    for (let start = 0, end = 0; start < rows.length; start = end) {
      const equal = { positives: 0, negatives: 0 };
      for (; end < rows.length && rows[end]!.score === rows[start]!.score; end++) {
        const { label, group } = rows[end]!;
        equal[label === 1 ? "positives" : "negatives"] += weights[group]!;
      }
      area += equal.negatives * (positivesAbove + equal.positives / 2);
      positivesAbove += equal.positives;
      negatives += equal.negatives;
    }
    return ratio(area, positivesAbove * negatives);
  }
}

class Share {
  held = 0;
  of = 0;

  add(holds: boolean, weight: number): void {
    if (holds) this.held += weight;
    this.of += weight;
  }

  get value(): number | null {
    return ratio(this.held, this.of);
  }
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
