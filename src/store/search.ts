// A search on the thread of SQLite: both sides, fused, made diverse, and read from one state of the file.
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { diversify } from "./diversify.ts";
import { allow, allowedPassages, type Filter } from "./filter.ts";
import {
  adaptiveMixing,
  cutoffFor,
  effectiveWeights,
  type Fused,
  fuse,
  type Mixing,
  poolSize,
  type VectorHit,
  type Weights,
  withinDistance,
} from "./fuse.ts";
import { type Hit, readHit } from "./hits.ts";
import {
  idfsOf,
  type KeywordHits,
  keywordHits,
  lookUp,
  type QueryWord,
  searched,
  soughtAmong,
  wordsOf,
} from "./keyword.ts";
import type { TermCounts } from "./term_counts.ts";
import { vectorHits } from "./vector_hits.ts";
import { cosine, type Vectors } from "./vectors.ts";

export type SearchMode = "hybrid" | "vector" | "keyword";

export interface SearchRequest {
  readonly query: string;
  /** Of length 1; for every mode but "keyword". */
  readonly vector: Float32Array | undefined;
  readonly topK: number;
  readonly mode: SearchMode;
  readonly filter: Filter | undefined;
  readonly explain: boolean;
}

/** The state of the file that is searched. */
export interface Searched {
  readonly connection: Connection;
  readonly columns: Columns;
  readonly vectors: Vectors;
  readonly counts: TermCounts;
  readonly passages: number;
}

/** Both rankings, and how they count. */
interface Sides {
  readonly vector: readonly VectorHit[];
  readonly keyword: KeywordHits;
  readonly weights: Weights;
  readonly cutoff: number;
}

export async function search(store: Searched, request: SearchRequest): Promise<Hit[]> {
  const { connection, passages } = store;
  const { query, topK, mode, filter } = request;
  if (passages === 0) return [];
  if (filter) allow(connection, filter);
  const words = mode === "vector" ? [] : lookUp(connection, store.counts, query);
  const mixing = mixingOf(mode, query, words, passages);
  const pool = poolSize(topK, passages);
  const vector = withinDistance(await nearestTo(store, request, pool), mixing.cutoff);
  const sought = soughtAmong(searched(words, passages), passages, pool);
  const keyword =
    mode === "vector"
      ? { passages: [], words: [] }
      : keywordHits(connection, query, sought, pool, filter !== undefined);
  const weights = effectiveWeights(mixing, mode === "vector" ? 1 : vector.length);
  const fused = fuse(
    vector.map(({ passage }) => passage),
    keyword.passages,
    weights,
    mode === "keyword" ? Infinity : 2 * topK,
  );
  return chosenHits(store, request, fused, { vector, keyword, weights, cutoff: mixing.cutoff });
}

function mixingOf(
  mode: SearchMode,
  query: string,
  words: readonly QueryWord[],
  passages: number,
): Mixing {
  const count = wordsOf(query).length;
  const cutoff = cutoffFor(count);
  if (mode === "vector") return { vector: 1, keyword: 0, cutoff };
  if (mode === "keyword") return { vector: 0, keyword: 1, cutoff };
  return adaptiveMixing(count, idfsOf(words, passages), passages);
}

async function nearestTo(
  { connection, vectors, passages }: Searched,
  { vector, filter }: SearchRequest,
  k: number,
): Promise<VectorHit[]> {
  // Zeros, which an embedder may give for a text that it knows nothing of, are near to nothing.
  if (!vector?.some((value) => value !== 0)) return [];
  if (!filter) return vectorHits(vector, { segments: vectors.segments, count: passages }, k);
  const allowed = allowedPassages(connection);
  return vectorHits(vector, { segments: vectors.only(allowed), count: allowed.length }, k);
}

function chosenHits(
  { connection, columns, vectors }: Searched,
  { vector, topK, explain }: SearchRequest,
  fused: readonly Fused[],
  sides: Sides,
): Hit[] {
  const candidates = fused.map(({ passage, score }) => ({
    document: Number(
      connection.value("SELECT document FROM passages WHERE number = ?", passage) ?? 0,
    ),
    score,
  }));
  const places = fused.map(({ passage }) => (vector ? vectors.placeOf(passage) : undefined));
  const likeness = (a: number, b: number) => {
    const [one, other] = [places[a], places[b]];
    return one && other && vector ? cosine(one, other, vector.length) : undefined;
  };
  const distances = new Map(sides.vector.map(({ passage, distance }) => [passage, distance]));
  return diversify(candidates, topK, likeness).map(({ index, penalty }) => {
    const { passage, score, vectorRank, keywordRank } = fused[index]!;
    const distance = distances.get(passage);
    const { vector: vectorWeight, keyword: keywordWeight } = sides.weights;
    const explanation = {
      vectorRank,
      keywordRank,
      similarity: distance === undefined ? undefined : 1 - distance,
      weights: { vector: vectorWeight, keyword: keywordWeight },
      cutoff: sides.cutoff,
      penalty,
      words: sides.keyword.words,
    };
    return readHit(connection, columns, passage, score, explain ? explanation : undefined);
  });
}
