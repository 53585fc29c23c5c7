// The options of a store and of its methods, checked before anything is done.
import { QragError } from "../../base/errors.ts";
import {
  type Check,
  type Checks,
  callable,
  checkedBy,
  choice,
  count,
  file,
  flag,
  isObject,
  refuse,
  signal,
} from "../checks.ts";
import { checkId } from "./documents.ts";
import type { Filter, MetadataValue } from "./filter.ts";
import type { Weights } from "./fuse.ts";
import { embedder, embedderOrNone, gate, type StoreEmbedder, type StoreGate } from "./models.ts";
import type { SearchMode } from "./search.ts";

export interface OpenStoreOptions {
  /**
   * Makes the vectors; it stays the caller's, who disposes it. False: none, and the store is searched by keywords only.
   * Default: the package's own, loaded when it is first needed.
   */
  readonly embedder?: StoreEmbedder | false | undefined;
  /**
   * Makes the vectors of questions, and of questions with the passages chosen so far, where the embedder makes those of
   * passages only: the other half of a pair that was trained to search in steps. A store that is filled with a pair keeps
   * the lengths of vectors and compares by inner products; it is always opened with both.
   */
  readonly stateEmbedder?: StoreEmbedder | undefined;
  /** Judges what is found. It stays the caller's, too. */
  readonly gate?: StoreGate | undefined;
  /** Changes nothing in the file, which has to be there. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Milliseconds to wait for another process that writes, before STORE_BUSY. Default 5000. */
  readonly waitForWriter?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface AddProgress {
  /** Documents that are written, or were there unchanged. */
  readonly done: number;
  /** Undefined where they do not come as an array. */
  readonly total: number | undefined;
  /** Written so far. */
  readonly passages: number;
}

export interface AddOptions {
  readonly onProgress?: ((progress: AddProgress) => void) | undefined;
  /** Ends after the batch in hand at the latest; what is written stays. */
  readonly signal?: AbortSignal | undefined;
}

export interface ReembedOptions {
  /** Of the new embedder, as in openStore. Default: none. */
  readonly stateEmbedder?: StoreEmbedder | undefined;
  /** Passages done, and in all. */
  readonly onProgress?:
    | ((progress: { readonly done: number; readonly total: number }) => void)
    | undefined;
  /** Until the last passage is done the store keeps its old vectors. */
  readonly signal?: AbortSignal | undefined;
}

export interface SearchOptions {
  /** Passages at most. Default 10. */
  readonly topK?: number | undefined;
  /** Default "hybrid", or "keyword" where the store was opened with none. */
  readonly mode?: SearchMode | undefined;
  /** How much each side's ranks count in the mode "hybrid". Default: rare words let keywords count for more. */
  readonly weights?: Weights | undefined;
  /** Which documents are searched. Default: all. */
  readonly filter?: Filter | undefined;
  /**
   * Choose the first so many passages one after the other: each is the one nearest to the question together with those
   * chosen before, so that what one passage says leads to the next. They come first, in this order, and then the others
   * up to topK as they are found without steps. Needs vectors. Default: no steps.
   */
  readonly steps?: number | undefined;
  /** With steps: stop where no passage left has at least this cosine, or with a state embedder this inner product. */
  readonly stopBelow?: number | undefined;
  /** Say of each hit what it owes to vectors and to keywords. Default false. */
  readonly explain?: boolean | undefined;
  /** Give each hit its vector in int8, as the store keeps it, without its scale. Not in the mode "keyword". Default false. */
  readonly vectors?: boolean | undefined;
  /** Have each hit judged, by the store's gate or by this one. Default: if the store was opened with a gate. */
  readonly gate?: boolean | StoreGate | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** More is no search; the pool of candidates is ten times as large. */
const mostHits = 10_000;
const mostIds = 100_000;
/** Of metadata in a filter: each is a condition, and SQLite takes a thousand. */
const mostKeys = 100;
/** With more, little of each passage would fit into what an embedder reads. */
const mostSteps = 8;

const ids: Check<readonly string[]> = (value, name) =>
  Array.isArray(value) && value.length <= mostIds
    ? value.map((id, index) => checkId(id, `${name}[${index}]`))
    : refuse(`an array of at most ${mostIds} ids`, name, value);

const metadata: Check<Readonly<Record<string, MetadataValue>>> = (value, name) => {
  if (!isObject(value) || Array.isArray(value)) return refuse("an object", name, value);
  if (Object.keys(value).length > mostKeys) {
    return refuse(`an object of at most ${mostKeys} keys`, name, value);
  }
  for (const [key, each] of Object.entries(value)) {
    if (each === null || ["string", "number", "boolean"].includes(typeof each)) continue;
    return refuse("a string, a number, true, false or null", `${name}.${key}`, each);
  }
  return value as Readonly<Record<string, MetadataValue>>;
};

const share: Check<number> = (value, name) =>
  typeof value === "number" && value >= 0 && value <= 1
    ? value
    : refuse("a number from 0 to 1", name, value);

const weightsChecks: Checks<Weights> = { vector: share, keyword: share };

const weights: Check<Weights> = (value, name) => {
  const { vector, keyword } = checkedBy<Partial<Weights>>(weightsChecks, name, value as Weights);
  return vector !== undefined && keyword !== undefined && vector + keyword > 0
    ? { vector, keyword }
    : refuse("{ vector, keyword }, not both 0,", name, value);
};

const filterChecks: Checks<Filter> = { ids, path: file, metadata };

export const filter: Check<Filter> = (value) => checkedBy(filterChecks, "filter", value as Filter);
export const topK = count(mostHits);
export const mode = choice("hybrid", "vector", "keyword");

export const steps = count(mostSteps);
export const stopBelow: Check<number> = (value, name) =>
  Number.isFinite(value) ? (value as number) : refuse("a number", name, value);

const gateOrFlag: Check<boolean | StoreGate> = (value, name) =>
  typeof value === "boolean" ? value : gate(value, name);

const openChecks: Checks<OpenStoreOptions> = {
  embedder: embedderOrNone,
  stateEmbedder: embedder,
  gate,
  readOnly: flag,
  waitForWriter: count(3_600_000),
  signal,
};
const addChecks: Checks<AddOptions> = {
  onProgress: callable<(progress: AddProgress) => void>(),
  signal,
};
const reembedChecks: Checks<ReembedOptions> = {
  stateEmbedder: embedder,
  onProgress: callable<(progress: { done: number; total: number }) => void>(),
  signal,
};
const searchChecks: Checks<SearchOptions> = {
  topK,
  mode,
  weights,
  filter,
  steps,
  stopBelow,
  explain: flag,
  vectors: flag,
  gate: gateOrFlag,
  signal,
};

export function checkOpenStore(
  path: unknown,
  options: OpenStoreOptions | undefined,
): OpenStoreOptions & { readonly path: string } {
  const checked = checkedBy(openChecks, "openStore", options);
  if (checked.stateEmbedder && !checked.embedder) {
    throw invalid("A stateEmbedder needs its embedder of passages, too");
  }
  return { ...checked, path: file(path, "the store") };
}

export function checkAdd(method: string, options: AddOptions | undefined): AddOptions {
  return checkedBy(addChecks, method, options);
}

export function checkReembed(options: ReembedOptions | undefined): ReembedOptions {
  return checkedBy(reembedChecks, "reembed", options);
}

/** With the mode that the store can search by. */
export function checkSearch(
  options: SearchOptions | undefined,
  has: { readonly embedder: boolean; readonly gate: boolean },
): SearchOptions & { readonly mode: SearchMode } {
  const checked = checkedBy(searchChecks, "search", options);
  const { mode = has.embedder ? "hybrid" : "keyword", steps, stopBelow, weights } = checked;
  if (checked.gate === true && !has.gate)
    throw invalid("The store has no gate: openStore(path, { gate })");
  if (mode !== "keyword" && !has.embedder) {
    throw invalid(`The mode "${mode}" needs an embedder: openStore(path, { embedder })`);
  }
  if (mode === "keyword" && steps !== undefined) {
    throw invalid('Steps need vectors: an embedder, and the mode "vector" or "hybrid"');
  }
  if (mode === "keyword" && checked.vectors) {
    throw invalid('A search in the mode "keyword" reads no vectors: leave the option vectors out');
  }
  if (mode !== "hybrid" && weights) {
    throw invalid(`weights are for the mode "hybrid", not for "${mode}"`);
  }
  if (stopBelow !== undefined && steps === undefined) {
    throw invalid("stopBelow ends steps: pass steps, too");
  }
  return { ...checked, mode };
}

function invalid(message: string): QragError {
  return new QragError("INPUT_INVALID", message);
}

export function checkIds(value: Iterable<string>): string[] {
  const list = isObject(value) && Symbol.iterator in value ? [...value] : value;
  return [...ids(list, "ids")];
}
