// What run.ts and the contenders' processes tell each other: jobs as an argument, calls and answers as files, results as lines of JSON.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "./cases.ts";

export interface Job {
  readonly suite: string;
  readonly contender: string;
  /** The addon's kernel sets, for the list of contenders. */
  readonly kernels: readonly string[];
  readonly folder: string;
  readonly threads: number;
  readonly task: Task;
}

export type Task =
  /** Answers are given and compared with the reference's, then each case is timed. */
  | {
      readonly kind: "time";
      readonly reference?: string;
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
  /** For each passage a margin, or the numbers of a vector. */
  readonly answers: readonly (readonly number[])[];
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

function jsonFile<T>(pathOf: (folder: string, name: string) => string) {
  return {
    read: (folder: string, name: string) =>
      JSON.parse(readFileSync(pathOf(folder, name), "utf8")) as T,
    write: (folder: string, name: string, content: T) =>
      writeFileSync(pathOf(folder, name), JSON.stringify(content)),
  };
}

/** By the name of a case, or of a suite's answers. */
export const calls = jsonFile<readonly Call[]>((folder, name) =>
  join(folder, `calls-${name}.json`),
);

export const answersCalls = (suite: string) => `${suite}-answers`;

/** By the names of a suite and of a contender. */
export const expected = jsonFile<Answers["answers"]>((folder, name) =>
  join(folder, `answers-${name.replace(/[^a-z0-9]+/g, "-")}.json`),
);
