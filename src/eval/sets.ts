// What is evaluated on: labelled rows with the collection their passages come from, and candidates to rank.
import type { BeirSet, JudgedQuery } from "./beir.ts";
import { Bm25 } from "./bm25.ts";
import type { EvalRow } from "./rows.ts";
import { type SliceSettings, sliceOf } from "./slice.ts";

export interface EvalSet {
  readonly name: string;
  readonly rows: readonly EvalRow[];
  readonly bm25: Bm25;
  readonly ranking: RankingTask | undefined;
  readonly search: SearchTask | undefined;
}

/** For every query of a collection, what BM25 finds: to be put in a better order. */
export interface RankingTask {
  readonly depth: number;
  readonly texts: readonly string[];
  readonly queries: readonly RankingQuery[];
}

export interface RankingQuery {
  readonly text: string;
  readonly grades: ReadonlyMap<number, number>;
  /** Positions in `texts`, in BM25's order. */
  readonly candidates: readonly number[];
}

/** A collection to be searched in a store. */
export interface SearchTask {
  readonly texts: readonly string[];
  readonly queries: readonly JudgedQuery[];
  /** Without a relevant document. */
  readonly unanswerable: readonly JudgedQuery[];
}

/** The passages of a row file are the only collection it has. */
export function rowSet(name: string, rows: readonly EvalRow[]): EvalSet {
  const passages = new Set(rows.map(({ passage }) => passage));
  return { name, rows, bm25: new Bm25(passages), ranking: undefined, search: undefined };
}

export interface BeirSettings {
  readonly slice: SliceSettings;
  /** Candidates of each query to rank; undefined: the slice only. */
  readonly depth: number | undefined;
  /** Whether the collection is searched in a store as well. */
  readonly inStore: boolean;
}

export function beirSet(set: BeirSet, { slice, depth, inStore }: BeirSettings): EvalSet {
  const { texts } = set.corpus;
  const bm25 = new Bm25(texts);
  const candidates = (query: string) => bm25.search(query, depth).map(({ document }) => document);
  const queries = (most: number): RankingTask => ({
    depth: most,
    texts,
    queries: set.queries.map(({ text, grades }) => ({
      text,
      grades,
      candidates: candidates(text),
    })),
  });
  return {
    name: set.name,
    rows: sliceOf(set, bm25, slice),
    bm25,
    ranking: depth === undefined ? undefined : queries(depth),
    search: inStore ? { texts, queries: set.queries, unanswerable: set.unanswerable } : undefined,
  };
}
