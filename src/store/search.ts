// A search on the thread of SQLite: both sides, fused, made diverse, and read from one state of the file.
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { diversify } from "./diversify.ts";
import { allow, allowedPassages, type Filter } from "./filter.ts";
import {
  adaptiveMixing,
  crowdedWeights,
  cutoffFor,
  effectiveWeights,
  type Fused,
  fuse,
  isLong,
  type Mixing,
  poolSize,
  type VectorHit,
  type Weights,
  withinDistance,
} from "./fuse.ts";
import { type Explanation, type Hit, readHit } from "./hits.ts";
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
import type { Chosen, Step } from "./steps.ts";
import type { TermCounts } from "./term_counts.ts";
import { vectorHits } from "./vector_hits.ts";
import { cosine, type Vectors, vectorAt } from "./vectors.ts";

export type SearchMode = "hybrid" | "vector" | "keyword";

export interface SearchRequest {
  readonly query: string;
  /** For every mode but "keyword"; of length 1, but from a state embedder. */
  readonly vector: Float32Array | undefined;
  readonly topK: number;
  readonly mode: SearchMode;
  readonly filter: Filter | undefined;
  readonly explain: boolean;
  /** Whether hits come with their vectors. */
  readonly vectors: boolean;
  /** In place of the adaptive ones; for the mode "hybrid". */
  readonly weights?: Weights | undefined;
  /** What steps have chosen, in their order; comes first. Default: nothing. */
  readonly chosen?: readonly Chosen[];
}

/** Where a search in steps stands. */
export interface StepRequest {
  /** Of the state. */
  readonly vector: Float32Array;
  /** Passages that are not to be chosen again. */
  readonly chosen: readonly Chosen[];
  readonly filter: Filter | undefined;
}

/** The state of the file that is searched. */
export interface Searched {
  readonly connection: Connection;
  readonly columns: Columns;
  readonly vectors: Vectors;
  readonly counts: TermCounts;
  readonly passages: number;
  /** Vectors are compared by inner products and their lengths count, as with a state embedder; otherwise by cosines. */
  readonly products: boolean;
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
  const mixing = mixingOf(request, words, passages);
  const pool = poolSize(topK, passages);
  const found = await nearestTo(store, request, pool);
  // The cut-off compares distances of vectors of length 1.
  const vector = store.products ? found : withinDistance(found, mixing.cutoff);
  const sought = filter
    ? { bringing: searched(words, passages), ranking: [] }
    : soughtAmong(searched(words, passages), passages, pool);
  const keyword =
    mode === "vector"
      ? { passages: [], words: [] }
      : keywordHits(connection, query, sought, pool, filter !== undefined);
  const effective = effectiveWeights(mixing, mode === "vector" ? 1 : vector.length);
  const weights = tellsCrowds(store, request)
    ? crowdedWeights(effective, vector.length)
    : effective;
  const fused = fuse(
    vector.map(({ passage }) => passage),
    keyword.passages,
    weights,
    mode === "keyword" ? Infinity : 2 * topK,
  );
  return chosenHits(store, request, fused, { vector, keyword, weights, cutoff: mixing.cutoff });
}

/** The passage whose vector is nearest to the state's; undefined where none is left. */
export async function nextStep(
  store: Searched,
  { vector, chosen, filter }: StepRequest,
): Promise<Step | undefined> {
  const { connection, columns } = store;
  if (filter) allow(connection, filter);
  const found = await nearestTo(store, { vector, filter }, chosen.length + 1);
  const best = found.find(({ passage }) => chosen.every((each) => each.passage !== passage));
  if (!best) return undefined;
  const { passage, similarity } = best;
  return { passage, value: similarity, text: readHit(connection, columns, passage, 0).text };
}

function mixingOf(
  { mode, query, weights }: SearchRequest,
  words: readonly QueryWord[],
  passages: number,
): Mixing {
  const count = wordsOf(query).length;
  const cutoff = cutoffFor(count);
  if (mode === "vector") return { vector: 1, keyword: 0, cutoff };
  if (mode === "keyword") return { vector: 0, keyword: 1, cutoff };
  if (weights) return { ...weights, cutoff };
  return adaptiveMixing(count, idfsOf(words, passages), passages);
}

/** Whether the cut-off says how many passages are nearly as near as the best, and the weights are ours to choose. */
function tellsCrowds({ products }: Searched, { mode, weights, query }: SearchRequest): boolean {
  return mode === "hybrid" && !weights && !products && !isLong(wordsOf(query).length);
}

async function nearestTo(
  { connection, vectors, passages, products }: Searched,
  { vector, filter }: Pick<SearchRequest, "vector" | "filter">,
  k: number,
): Promise<VectorHit[]> {
  // Zeros, which an embedder may give for a text that it knows nothing of, are near to nothing.
  if (!vector?.some((value) => value !== 0)) return [];
  // Bits tell angles, not inner products.
  const bitsFrom = products ? Infinity : undefined;
  if (!filter) {
    return vectorHits(vector, { segments: vectors.segments, count: passages }, k, bitsFrom);
  }
  const allowed = allowedPassages(connection);
  const rows = { segments: vectors.only(allowed), count: allowed.length };
  return vectorHits(vector, rows, k, bitsFrom);
}

/** What steps have chosen, then the best of the rest. */
function chosenHits(
  store: Searched,
  request: SearchRequest,
  fused: readonly Fused[],
  sides: Sides,
): Hit[] {
  const { connection } = store;
  const { explain, topK, chosen = [] } = request;
  const told = explained(fused, sides);
  const first = chosen
    // Another process may have removed some since.
    .filter(({ passage }) => isThere(connection, passage))
    .map(({ passage, value }, index) => {
      const explanation = { ...told(passage, 0), step: { number: index + 1, value } };
      return hitOf(store, request, passage, value, explain ? explanation : undefined);
    });
  const taken = new Set(chosen.map(({ passage }) => passage));
  const left = fused.filter(({ passage }) => !taken.has(passage));
  const rest = diverse(store, request, left, topK - first.length).map(({ index, penalty }) => {
    const { passage, score } = left[index]!;
    const explanation = explain ? told(passage, penalty) : undefined;
    return hitOf(store, request, passage, score, explanation);
  });
  return [...first, ...rest];
}

function hitOf(
  { connection, columns, vectors }: Searched,
  request: SearchRequest,
  passage: number,
  score: number,
  explanation: Explanation | undefined,
): Hit {
  const hit = readHit(connection, columns, passage, score, explanation);
  const place = request.vectors && request.vector ? vectors.placeOf(passage) : undefined;
  return place ? { ...hit, vector: vectorAt(place, request.vector!.length) } : hit;
}

function isThere(connection: Connection, passage: number): boolean {
  return connection.value("SELECT 1 FROM passages WHERE number = ?", passage) !== undefined;
}

/** What each side of the ordinary search has to say of a passage. */
function explained(fused: readonly Fused[], sides: Sides) {
  const ranks = new Map(fused.map((each) => [each.passage, each]));
  const similarities = new Map(
    sides.vector.map(({ passage, similarity }) => [passage, similarity]),
  );
  const { vector, keyword } = sides.weights;
  return (passage: number, penalty: number): Explanation => ({
    vectorRank: ranks.get(passage)?.vectorRank,
    keywordRank: ranks.get(passage)?.keywordRank,
    similarity: similarities.get(passage),
    weights: { vector, keyword },
    cutoff: sides.cutoff,
    penalty,
    words: sides.keyword.words,
  });
}

function diverse(
  { connection, vectors }: Searched,
  { vector }: SearchRequest,
  fused: readonly Fused[],
  count: number,
) {
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
  return diversify(candidates, count, likeness);
}
