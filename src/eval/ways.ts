// The ways in which a store is searched when it is measured, and what each of them finds for many queries.
import type { Hit } from "../store/hits.ts";
import type { SearchOptions } from "../store/options.ts";
import type { Store } from "../store/store.ts";

export interface Way {
  readonly name: string;
  readonly options: Pick<SearchOptions, "mode" | "steps">;
  /** What a store does unless it is told otherwise. Gates judge what this finds. */
  readonly usual: boolean;
}

const withVectors: readonly Way[] = [
  { name: "keyword", options: { mode: "keyword" }, usual: false },
  { name: "vector", options: { mode: "vector" }, usual: false },
  { name: "hybrid", options: { mode: "hybrid" }, usual: true },
  { name: "hybrid with steps", options: { mode: "hybrid", steps: 2 }, usual: false },
];
const withoutVectors: readonly Way[] = [
  { name: "keyword", options: { mode: "keyword" }, usual: true },
];

export function waysOf(embedder: unknown): readonly Way[] {
  return embedder === undefined ? withoutVectors : withVectors;
}

/** What the usual one of several has; there is always one. */
export function usualOf<T extends { readonly usual: boolean }>(ways: readonly T[]): T {
  return ways.find(({ usual }) => usual)!;
}

/** What was found for each query, the best first, and the milliseconds from its text to the last hit. */
export interface Found<T> {
  readonly hits: readonly (readonly T[])[];
  readonly ms: readonly number[];
}

export interface FindSettings<T> {
  readonly options: Pick<SearchOptions, "mode" | "steps" | "topK">;
  /** What to remember of a hit. */
  readonly keep: (hit: Hit) => T;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/** One query after the other, so that each is timed by itself. */
export async function findAll<T>(
  store: Store,
  queries: readonly string[],
  { options, keep, signal, onProgress }: FindSettings<T>,
): Promise<Found<T>> {
  const hits: T[][] = [];
  const ms: number[] = [];
  const search = async (query: string) => {
    const found: T[] = [];
    for await (const hit of store.search(query, { ...options, signal })) found.push(keep(hit));
    return found;
  };
  // Once for nothing: the first search reads all vectors.
  if (queries[0] !== undefined) await search(queries[0]);
  for (const query of queries) {
    const start = performance.now();
    hits.push(await search(query));
    ms.push(performance.now() - start);
    onProgress({ done: hits.length, total: queries.length });
  }
  return { hits, ms };
}
