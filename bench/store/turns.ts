// How long a thread's turns are: in time by the clock, and in time on the processor, which other programs cannot lengthen.
import { readFileSync } from "node:fs";

export interface Turns {
  /** By the clock: how late a timer of 1 ms was. */
  readonly late: Percentiles;
  /** On the processor between two timers of 1 ms; undefined where the system does not say. */
  readonly worked: Percentiles | undefined;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** Watches the calling thread until it is told to stop. */
export class TurnWatch {
  readonly #late: number[] = [];
  readonly #worked: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let time = performance.now();
    let worked = processorTime();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const soFar = processorTime();
      this.#late.push(Math.max(0, now - time - 1));
      if (soFar !== undefined && worked !== undefined) this.#worked.push(soFar - worked);
      time = now;
      worked = soFar;
    }, 1);
  }

  stop(): Turns {
    clearInterval(this.#timer);
    return {
      late: percentilesOf(this.#late),
      worked: this.#worked.length > 0 ? percentilesOf(this.#worked) : undefined,
    };
  }
}

export function turnsText({ late, worked }: Turns): string {
  const text = ({ p50, p99, most }: Percentiles) =>
    `${p50.toFixed(1)} ms at the median, ${p99.toFixed(1)} at the 99th percentile, ${most.toFixed(1)} at most`;
  return (
    `timers late by ${text(late)}` +
    (worked ? `; on the processor a turn took ${text(worked)}` : "; Linux alone tells more")
  );
}

export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), most: sorted.at(-1) ?? 0 };
}

/** Of this thread, in milliseconds. */
function processorTime(): number | undefined {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;
  } catch {
    return undefined;
  }
}
