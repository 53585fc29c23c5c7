// Finds the passages to judge: BM25's best, or the best of BM25's ranking and an embedder's together.
import type { Bm25 } from "./bm25.ts";

/** One vector a text, all of one width; some embedders read queries and passages differently. */
export type EmbedAs = (
  texts: readonly string[],
  as: "query" | "passage",
) => Promise<readonly ArrayLike<number>[]>;

export interface RetrieveSettings {
  /** Passages for each query. */
  readonly top: number;
  /** Undefined: BM25 alone. */
  readonly embed?: EmbedAs | undefined;
}

/** For each query positions in `texts`, the best first. */
export async function retrieve(
  queries: readonly string[],
  texts: readonly string[],
  bm25: Bm25,
  { top, embed }: RetrieveSettings,
): Promise<number[][]> {
  const keyword = queries.map((query) => bm25.search(query).map(({ document }) => document));
  const vector = embed ? await vectorRankings(queries, texts, embed) : [];
  return keyword.map((ranking, index) => {
    const other = vector[index];
    return (other ? fused([ranking, other]) : ranking).slice(0, top);
  });
}

async function vectorRankings(
  queries: readonly string[],
  texts: readonly string[],
  embed: EmbedAs,
): Promise<number[][]> {
  const passages = (await embed(texts, "passage")).map(unit);
  return (await embed(queries, "query")).map((query) => {
    const scores = passages.map((passage) => product(query, passage));
    return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  });
}

/** A query needs none of it: its length changes no order. */
function unit(vector: ArrayLike<number>): number[] {
  const length = Math.sqrt(product(vector, vector)) || 1;
  return Array.from(vector, (value) => value / length);
}

function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}

/** What Cormack, Clarke and Büttcher (2009) found best, and everybody has used since. */
const rankOffset = 60;

/** Reciprocal rank fusion; equal sums in the order of the first ranking that has them. */
export function fused(rankings: readonly (readonly number[])[]): number[] {
  const sums = new Map<number, number>();
  for (const ranking of rankings) {
    for (const [index, document] of ranking.entries()) {
      sums.set(document, (sums.get(document) ?? 0) + 1 / (rankOffset + index + 1));
    }
  }
  return [...sums].sort(([, a], [, b]) => b - a).map(([document]) => document);
}
