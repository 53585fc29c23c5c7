// Counts scores by class in bins of one width, with the threshold on an edge between two.
import { refusedScore, type Scored } from "./cuts.ts";

export interface Histogram {
  /** One more than bins. */
  readonly edges: readonly number[];
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
  /** Rows that the model was not asked about: they have no margin, and are in no bin. */
  readonly refused: { readonly positives: number; readonly negatives: number };
}

const wantedBins = 24;

export function histogramOf(all: readonly Scored[], threshold: number): Histogram {
  const rows = all.filter(({ score }) => score !== refusedScore);
  const refused = all.filter(({ score }) => score === refusedScore);
  const positives = refused.filter(({ label }) => label === 1).length;
  const scores = [...rows.map(({ score }) => score), threshold];
  const [low, high] = [least(scores), -least(scores.map((score) => -score))];
  const width = (high - low) / wantedBins || 1;
  // The bin of a score includes its upper edge: a score at the threshold is not above it.
  const binOf = (score: number) => Math.ceil((score - threshold) / width) - 1;
  const first = Math.min(binOf(low), -1);
  const count = Math.max(binOf(high), 0) - first + 1;
  const bins = { 0: new Array<number>(count).fill(0), 1: new Array<number>(count).fill(0) };
  for (const { score, label } of rows) bins[label][binOf(score) - first]!++;
  return {
    edges: Array.from({ length: count + 1 }, (_, bin) => threshold + (first + bin) * width),
    positives: bins[1],
    negatives: bins[0],
    refused: { positives, negatives: refused.length - positives },
  };
}

/** Of any number of values: Math.min takes no more than fit the stack. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}
