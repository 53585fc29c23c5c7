// What our own fusion makes of a case: the parts of src/store in the order in which a search takes them.
import { diversify } from "../../src/store/diversify.ts";
import {
  adaptiveMixing,
  crowdedWeights,
  cutoffFor,
  defaultCutoff,
  effectiveWeights,
  fuse,
  idf,
  type Mixing,
  poolSize,
  withinDistance,
} from "../../src/store/fuse.ts";
import type { Case } from "./cases.ts";

export interface Ranking {
  /** Before passages of one document were compared, with their scores. */
  readonly fused: readonly (readonly [number, number])[];
  readonly chosen: readonly number[];
}

/** The cosine of two passages of one document. */
export type Likeness = (a: number, b: number) => number | undefined;

export function mixingOf({ mode, words, having, passages, weights }: Case): Mixing {
  if (mode === "vec_only") return { vector: 1, keyword: 0, cutoff: cutoffFor(words.length) };
  if (mode === "fts_only") return { vector: 0, keyword: 1, cutoff: cutoffFor(words.length) };
  if (weights) return { vector: weights[0], keyword: weights[1], cutoff: defaultCutoff };
  // The order of the index, in which vstash adds them up; a store of ours has that of the question.
  const terms = [...new Set(words.filter(({ length }) => length > 1))].sort();
  const idfs = terms.map((term) => idf(passages, having[term] ?? 0));
  return adaptiveMixing(words.length, idfs, passages);
}

export function ours(
  { mode, topK, passages, vector, keyword, documents }: Case,
  mixing: Mixing,
  likeness: Likeness,
  crowded: boolean,
): Ranking {
  const pool = poolSize(topK, passages);
  const hits = vector
    .slice(0, mode === "fts_only" ? 0 : pool)
    .map(([passage, distance]) => ({ passage, distance }));
  const near = withinDistance(hits, mixing.cutoff).map(({ passage }) => passage);
  const effective = effectiveWeights(mixing, mode === "vec_only" ? 1 : near.length);
  const weights = crowded ? crowdedWeights(effective, near.length) : effective;
  const fused = fuse(
    near,
    mode === "vec_only" ? [] : keyword.slice(0, pool),
    weights,
    mode === "fts_only" ? Infinity : 2 * topK,
  );
  const candidates = fused.map(({ passage, score }) => ({ document: documents[passage]!, score }));
  const chosen = diversify(candidates, topK, (a, b) =>
    likeness(fused[a]!.passage, fused[b]!.passage),
  );
  return {
    fused: fused.map(({ passage, score }) => [passage, score]),
    chosen: chosen.map(({ index }) => fused[index]!.passage),
  };
}
