// Samples to results, and results to the table that people read.
import { casesOf, suites } from "./cases.ts";
import type { CaseResult } from "./exchange.ts";

const allCases = suites.flatMap(casesOf);

export interface Result {
  readonly case: string;
  readonly contender: string;
  readonly build: string;
  readonly threads: number;
  readonly medianMs: number;
  /** The middle half of the samples is this wide. */
  readonly spreadMs: number;
  /** Pairs, or texts. */
  readonly perSecond: number;
  readonly samples: number;
  /** Only of the case "memory": resident memory over that of an empty Node process, in millions of bytes. */
  readonly megabytes?: number;
  /** The same after 20 seconds without work. */
  readonly settledMegabytes?: number;
}

export interface Report {
  readonly machine: string;
  readonly commit: string;
  readonly results: readonly Result[];
}

export function resultOf(
  contender: string,
  threads: number,
  { name, build, samples, resident, settled }: CaseResult,
  emptyResident: number,
): Result {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))]!;
  const medianMs = at(0.5);
  const over = (bytes: number) => (bytes - emptyResident) / 1e6;
  const { passages } = allCases.find((each) => each.name === name)!;
  return {
    case: name,
    contender,
    build,
    threads,
    medianMs,
    spreadMs: at(0.75) - at(0.25),
    perSecond: (1000 * passages) / medianMs,
    samples: samples.length,
    ...(resident === undefined ? {} : { megabytes: over(resident) }),
    ...(settled === undefined ? {} : { settledMegabytes: over(settled) }),
  };
}

/** A line a result, by case; the last column is how many times as long as ours it takes. */
export function tableOf(results: readonly Result[]): string {
  const lines = allCases.flatMap(({ name }) => {
    const mine = results.filter((result) => result.case === name);
    const ours = mine.find(({ contender }) => contender === "qrag")?.medianMs;
    return mine.map((result) => {
      const ratio = ours === undefined ? "" : `${(result.medianMs / ours).toFixed(2)} x`;
      const memory = [result.megabytes, result.settledMegabytes]
        .flatMap((each) => (each === undefined ? [] : `${each.toFixed(0)} MB`))
        .join(", later ");
      return [
        name.padEnd(21),
        result.contender.padEnd(21),
        result.build.padEnd(19),
        `${result.medianMs.toFixed(1)} ms`.padStart(11),
        `+-${(result.spreadMs / 2).toFixed(1)}`.padStart(8),
        `${result.perSecond.toFixed(0)}/s`.padStart(8),
        ratio.padStart(9),
        memory.padStart(7),
      ]
        .join(" ")
        .trimEnd();
    });
  });
  return lines.join("\n");
}
