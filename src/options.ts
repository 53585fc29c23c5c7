// The options of a gate, checked before anything else looks at them.
import { QragError } from "../base/errors.ts";
import { availableProcessors } from "../base/processors.ts";
import type { Progress } from "../base/progress.ts";
import {
  type Check,
  type Checks,
  callback,
  checkedBy,
  choice,
  count,
  file,
  flag,
  refuse,
  signal,
  someText,
  someVector,
} from "./checks.ts";

/** Where llama.cpp computes; "auto" takes a GPU when there is one. */
export type Gpu = "auto" | "metal" | "cuda" | "vulkan" | false;

export interface LoadOptions {
  /** Threads that compute. Default: the processors this process may use, at most 8. */
  readonly threads?: number | undefined;
  /** "native" is qrag's own code. "llama" computes in the package node-llama-cpp, which has to be installed. Default "native". */
  readonly backend?: "native" | "llama" | undefined;
  /** "reference" computes with stock operations in the file's own types: slower, and the yardstick. Default "fast". */
  readonly engine?: "fast" | "reference" | undefined;
  /** A file of `qrag calibrate` for this very model: its offset decides in place of 0. Default: none. */
  readonly calibration?: string | undefined;
  /**
   * The file of the embedder that gives the second opinion, or its hub's name, for a gate that was not tuned with the
   * package's own. False: none, uncertain margins stay as they are. Default: what the gate's file asks for.
   */
  readonly embedder?: string | false | undefined;
  /**
   * False: every pair goes through all blocks of the model. Default true: where its file says so, a pair that is clearly
   * irrelevant goes through some of them.
   */
  readonly earlyExit?: boolean | undefined;
  /** With the backend "llama". Default "auto". */
  readonly gpu?: Gpu | undefined;
  /** Make int8 of 4-bit weights when loading: some verdicts a second more for twice the memory. Default false. */
  readonly unpackWeights?: boolean | undefined;
  /** Stops loading; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with bytes read and bytes in all. With a hub's model, first with those of each `stage`. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface JudgeOptions {
  /** Drops what is not computed yet; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Decide by the largest logit of the whole vocabulary instead of the decision rows: the model's reference semantics,
   * at twice the work. Only with the reference engine, and for files that hold the full head.
   */
  readonly fullVocabulary?: boolean | undefined;
  /**
   * The query's vector, where it is known: it and the passages' own are taken instead of computed. Of the embedder that
   * `gate.info.embedder` names, and rounded as a store rounds them, so that verdicts are the same as with the gate's own.
   */
  readonly queryVector?: Float32Array | Int8Array | undefined;
  /** With queryVector: whose vectors they are. Has to be what `gate.info.embedder` says. */
  readonly embedder?: string | undefined;
}

export interface JudgeAllOptions extends JudgeOptions {
  /** Called with passages judged and passages in all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface FilterOptions extends JudgeAllOptions {
  /** Stop as soon as this many relevant passages were found. */
  readonly stopAfter?: number | undefined;
}

export interface RankOptions extends JudgeAllOptions {
  /** Hand back the best so many only. */
  readonly topK?: number | undefined;
}

/** Every text is bounded before it reaches the tokenizer. The units are JavaScript's own: UTF-16 code units. */
export const limits = {
  /** Far longer than a question. The model's context is smaller still, and says so itself. */
  queryLength: 65_536,
  /** Longer than any novel; a day's work for the model. Larger texts are better cut by their owner. */
  passageLength: 4 * 1024 * 1024,
  /** Passages in one call that holds them all in memory; `stream` has no such limit. */
  passages: 1_000_000,
  /** What the engine takes. */
  threads: 512,
} as const;

/** More threads than this wait for each other more than they compute: the matrices of a small model are short. */
const defaultThreadLimit = 8;

const modelOrNone: Check<string | false> = (value, name) =>
  value === false ? false : file(value, name);

const judgeChecks: Checks<JudgeOptions> = {
  signal,
  fullVocabulary: flag,
  queryVector: someVector,
  embedder: someText,
};
const judgeAllChecks: Checks<JudgeAllOptions> = { ...judgeChecks, onProgress: callback };
const tables = {
  loadGate: {
    threads: count(limits.threads),
    backend: choice("native", "llama"),
    engine: choice("fast", "reference"),
    unpackWeights: flag,
    calibration: file,
    embedder: modelOrNone,
    earlyExit: flag,
    gpu: choice("auto", "metal", "cuda", "vulkan", false),
    signal,
    onProgress: callback,
  } satisfies Checks<LoadOptions>,
  score: judgeChecks,
  judge: judgeChecks,
  stream: judgeChecks,
  judgeAll: judgeAllChecks,
  filter: { ...judgeAllChecks, stopAfter: count(limits.passages) } satisfies Checks<FilterOptions>,
  rank: { ...judgeAllChecks, topK: count(limits.passages) } satisfies Checks<RankOptions>,
};

/** The options of `method`, checked. */
export function checkOptions<O extends object>(
  method: keyof typeof tables,
  options: O | undefined,
): O {
  return checkedBy<O>(tables[method] as unknown as Checks<O>, method, options);
}

/** The options of loadGate: an option of the other backend is refused. */
export function checkLoadOptions(options: LoadOptions | undefined): LoadOptions {
  const checked = checkOptions("loadGate", options);
  const llama = checked.backend === "llama";
  const others = llama ? (["engine", "unpackWeights", "earlyExit"] as const) : (["gpu"] as const);
  const foreign = others.find((name) => checked[name] !== undefined);
  if (foreign === undefined) return checked;
  const owner = llama ? "native" : "llama";
  throw new QragError("INPUT_INVALID", `${foreign} is an option of the backend "${owner}"`);
}

export function checkThreads(threads: number | undefined): number {
  return threads ?? Math.min(availableProcessors(), defaultThreadLimit);
}

export function checkPath(path: unknown): string | undefined {
  if (path === undefined || (typeof path === "string" && path !== "")) return path;
  return refuse("a path", "the model", path);
}
