// How two rankings become one: vstash's pool, cut-offs, adaptive weights and reciprocal rank fusion, and what a crowd of
// vectors costs them, each by itself.
import { sigmoid } from "../../base/sigmoid.ts";

/** Candidates from each side. */
export function poolSize(topK: number, passages: number): number {
  return Math.min(10 * topK, Math.max(3 * topK, Math.floor(passages / 3)));
}

export interface VectorHit {
  readonly passage: number;
  /** 1 - cosine, from 0 to 2. */
  readonly distance: number;
  /** The cosine, or the inner product of vectors that keep their lengths. */
  readonly similarity: number;
}

/** Hits not much farther away than the best; all of them where the best is at no distance at all. */
export function withinDistance<H extends Pick<VectorHit, "distance">>(
  hits: readonly H[],
  cutoff: number,
): H[] {
  const best = hits[0]?.distance ?? 0;
  return best > 0 ? hits.filter(({ distance }) => distance <= best * cutoff) : [...hits];
}

export interface Weights {
  readonly vector: number;
  readonly keyword: number;
}

/** Weights, and how much farther than the best vector hit another may be. */
export interface Mixing extends Weights {
  readonly cutoff: number;
}

export const defaultCutoff = 1.3225;
const longQuery = { words: 50, mixing: { vector: 0.9, keyword: 0.1, cutoff: 25 } } as const;
const fixedWeights: Weights = { vector: 0.6, keyword: 0.4 };

export function isLong(queryWords: number): boolean {
  return queryWords > longQuery.words;
}

/** In a long query distances lie close together, and this leaves nearly all of them. */
export function cutoffFor(queryWords: number): number {
  return isLong(queryWords) ? longQuery.mixing.cutoff : defaultCutoff;
}

/** Inverse document frequency of a term that so many of `passages` have. */
export function idf(passages: number, having: number): number {
  return having > 0 ? Math.log(passages / (having + 1)) : Math.log(passages);
}

/** Rare words let keywords count for more. `idfs`: of the query's distinct terms. */
export function adaptiveMixing(
  queryWords: number,
  idfs: readonly number[],
  passages: number,
): Mixing {
  if (isLong(queryWords)) return longQuery.mixing;
  if (idfs.length === 0 || passages === 0) return { ...fixedWeights, cutoff: defaultCutoff };
  const mean = idfs.reduce((sum, each) => sum + each, 0) / idfs.length;
  const rareness = sigmoid(2 * (mean - Math.log(passages) / 2));
  const keyword = 0.1 + 0.5 * rareness;
  return { vector: 1 - keyword, keyword, cutoff: defaultCutoff };
}

export interface Fused {
  readonly passage: number;
  readonly score: number;
  /** From 0; undefined where the side has not found it. */
  readonly vectorRank: number | undefined;
  readonly keywordRank: number | undefined;
}

/** What Cormack, Clarke and Büttcher (2009) found best; ranks count from 0. */
const rankOffset = 60;

/** With nothing from vectors their share would be lost. */
export function effectiveWeights(weights: Weights, vectorHits: number): Weights {
  return vectorHits > 0 ? weights : { vector: 0, keyword: 1 };
}

/** So many vector hits within the cut-off halve the vectors' weight. */
const crowd = 20;

/**
 * Where many passages are nearly as near as the best, vectors tell little apart, and count for less. vstash does without:
 * on stories, and where all passages are about one thing, its hybrid search is far worse than keywords alone.
 */
export function crowdedWeights({ vector }: Weights, vectorHits: number): Weights {
  const left = (vector * crowd) / (crowd + vectorHits);
  return { vector: left, keyword: 1 - left };
}

/**
 * The best first; equal ones in the order in which vectors, then keywords have them. What only keywords have found
 * counts if it is among their first `keywordLimit`: 2 x topK where vectors have a say.
 */
export function fuse(
  vector: readonly number[],
  keyword: readonly number[],
  { vector: vectorWeight, keyword: keywordWeight }: Weights,
  keywordLimit: number,
): Fused[] {
  const fused = new Map<number, Fused>();
  for (const [rank, passage] of vector.entries()) {
    const score = vectorWeight * (1 / (rankOffset + rank));
    fused.set(passage, { passage, score, vectorRank: rank, keywordRank: undefined });
  }
  for (const [rank, passage] of keyword.entries()) {
    const part = keywordWeight * (1 / (rankOffset + rank));
    const both = fused.get(passage);
    if (both) {
      fused.set(passage, { ...both, score: both.score + part, keywordRank: rank });
    } else if (rank < keywordLimit) {
      fused.set(passage, { passage, score: part, vectorRank: undefined, keywordRank: rank });
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score);
}
