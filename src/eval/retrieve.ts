// Finds the passages to judge: BM25's best, or the best of BM25's ranking and an embedder's together.
import type { Bm25 } from "./bm25.ts";
import { type EmbedAs, product, unit } from "./vectors.ts";

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
  // A query's length changes no order.
  return (await embed(queries, "query")).map((query) => {
    const scores = passages.map((passage) => product(query, passage));
    return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
  });
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
