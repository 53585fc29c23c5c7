// How far measures may be off by the luck of the draw: bootstrap over queries, and Wilson's interval for one share.
import { type Measurable, type MeasureName, measureNames } from "./measures.ts";
import { randomNumbers } from "./random.ts";

/** [low, high]; null where the measure is. */
export type Interval = readonly [number, number] | null;
export type Intervals = Readonly<Record<MeasureName, Interval>>;

const resamples = 1000;
const seed = 1;
const confidence = 0.95;

/**
 * 95% intervals by the percentiles of resampled sets. Queries are drawn, each with all its rows: rows of one query are
 * right or wrong together. Draws in which a measure does not exist are left out of its interval. A set without a single
 * error shows none in any draw: read 30 right of 30 as "fewer than one error in ten", not as certainty.
 */
export function bootstrap(measurable: Measurable): Intervals {
  const random = randomNumbers(seed);
  const drawn = Array.from({ length: resamples }, () => {
    const weights = new Uint32Array(measurable.groups);
    for (let n = 0; n < weights.length; n++) weights[Math.floor(random() * weights.length)]!++;
    return measurable.measure(weights);
  });
  const intervals = measureNames.map((name) => {
    const values = drawn.map((measures) => measures[name]).filter((value) => value !== null);
    return [name, percentiles(values)] as const;
  });
  return Object.fromEntries(intervals) as Record<MeasureName, Interval>;
}

function percentiles(values: readonly number[]): Interval {
  if (values.length === 0) return null;
  const tail = (1 - confidence) / 2;
  return [quantile(values, tail), quantile(values, 1 - tail)];
}

/** Between the two values around the place, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}

/** Wilson's 95% interval for `part` of `whole`: sound for few rows, and for shares of 0 and 1, where others are not. */
export function wilson(part: number, whole: number): Interval {
  if (whole === 0) return null;
  const z = 1.959964; // the normal distribution's 97.5th percentile
  const share = part / whole;
  const scale = 1 + z ** 2 / whole;
  const middle = (share + z ** 2 / (2 * whole)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / whole + z ** 2 / (4 * whole ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

/** The 95% interval of the mean of two independent shares: Newcombe's square-and-add of Wilson's intervals. */
export function meanInterval(
  a: { readonly share: number | null; readonly interval: Interval },
  b: { readonly share: number | null; readonly interval: Interval },
): Interval {
  if (a.share === null || b.share === null || !a.interval || !b.interval) return null;
  const mean = (a.share + b.share) / 2;
  const below = Math.hypot(a.share - a.interval[0], b.share - b.interval[0]) / 2;
  const above = Math.hypot(a.interval[1] - a.share, b.interval[1] - b.share) / 2;
  return [mean - below, mean + above];
}
