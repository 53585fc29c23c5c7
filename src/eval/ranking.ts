// How well candidates are ranked: nDCG and recall, as trec_eval computes them.

export interface RankingMeasures {
  readonly queries: number;
  /** Mean over the queries of the discounted gain of the first ten, against that of the best order there could be. */
  readonly ndcg10: number;
  /** Mean share of a query's relevant documents among its first ten. */
  readonly recall10: number;
  /** The same among all candidates: no order of them can do better. */
  readonly recallAtDepth: number;
}

export interface RankedQuery {
  /** Document -> grade. */
  readonly grades: ReadonlyMap<number, number>;
  /** Candidates, the best first. */
  readonly ranking: readonly number[];
}

const cutoff = 10;

export function rankingMeasures(queries: readonly RankedQuery[]): RankingMeasures {
  const mean = (measure: (query: RankedQuery) => number) =>
    queries.reduce((sum, query) => sum + measure(query), 0) / Math.max(1, queries.length);
  return {
    queries: queries.length,
    ndcg10: mean(ndcg),
    recall10: mean((query) => recall(query, cutoff)),
    recallAtDepth: mean((query) => recall(query, query.ranking.length)),
  };
}

function ndcg({ grades, ranking }: RankedQuery): number {
  const found = ranking.map((document) => grades.get(document) ?? 0);
  const best = [...grades.values()].sort((a, b) => b - a);
  const ideal = discountedGain(best);
  return ideal > 0 ? discountedGain(found) / ideal : 0;
}

function discountedGain(grades: readonly number[]): number {
  const gains = grades
    .slice(0, cutoff)
    .map((grade, rank) => Math.max(0, grade) / Math.log2(rank + 2));
  return gains.reduce((sum, gain) => sum + gain, 0);
}

function recall({ grades, ranking }: RankedQuery, most: number): number {
  const relevant = [...grades].filter(([, grade]) => grade > 0).map(([document]) => document);
  const first = new Set(ranking.slice(0, most));
  return relevant.filter((document) => first.has(document)).length / relevant.length;
}
