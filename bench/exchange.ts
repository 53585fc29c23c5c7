// What run.ts and the contenders' processes tell each other: jobs as an argument, calls as files, results as lines of JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "./cases.ts";

export interface Job {
  readonly contender: string;
  /** The addon's kernel sets, for the list of contenders. */
  readonly kernels: readonly string[];
  readonly folder: string;
  readonly threads: number;
  readonly task: Task;
}

export type Task =
  /** Answers are given and checked, then each case is timed. */
  | {
      readonly kind: "time";
      readonly expected?: readonly number[];
      readonly timed: readonly Timed[];
    }
  /** `started`: when the process was, in milliseconds of the system's clock. */
  | { readonly kind: "cold-start"; readonly started: number }
  | { readonly kind: "memory" };

/** A case, and how many of its calls to time: until `enoughMs` have passed, but so many at least and at most. */
export interface Timed {
  readonly name: string;
  readonly warmUp: boolean;
  readonly least: number;
  readonly most: number;
  readonly enoughMs: number;
}

export interface Answers {
  readonly margins: readonly number[];
  /** How far they lie from the expected ones, in parts of those's spread; zero when nothing was expected. */
  readonly deviation: number;
}

export interface CaseResult {
  readonly name: string;
  readonly build: string;
  /** Milliseconds of each call, in order. */
  readonly samples: readonly number[];
  /** Bytes of memory that the process holds in the end, and some seconds later. */
  readonly resident?: number;
  readonly settled?: number;
}

const callsPath = (folder: string, name: string) => join(folder, `calls-${name}.json`);

export const readCalls = (folder: string, name: string) =>
  JSON.parse(readFileSync(callsPath(folder, name), "utf8")) as Call[];

export const writeCalls = (folder: string, name: string, calls: readonly Call[]) =>
  writeFileSync(callsPath(folder, name), JSON.stringify(calls));
