// Made-up searches: two ranked lists, distances, words with their frequencies, and vectors of passages. The same in every run.
import { randomNumbers } from "../../src/eval/random.ts";

/** As vstash names them. */
export type Mode = "hybrid" | "vec_only" | "fts_only";

export interface Case {
  readonly mode: Mode;
  readonly topK: number;
  /** In the store. */
  readonly passages: number;
  /** Single letters among them, and words that come twice. */
  readonly words: readonly string[];
  /** How many passages have a word; words that none has are left out. */
  readonly having: Readonly<Record<string, number>>;
  /** Of vectors and of keywords; null: by the words. */
  readonly weights: readonly [number, number] | null;
  /** Passage and distance, the nearest first. */
  readonly vector: readonly (readonly [number, number])[];
  readonly keyword: readonly number[];
  /** Passage -> document. */
  readonly documents: Readonly<Record<number, number>>;
  /** Passage -> vector. */
  readonly vectors: Readonly<Record<number, readonly number[]>>;
}

const seed = 17;
const width = 8;
/** Of passages that lists may name: so few that both lists share many. */
const named = 60;

export function casesOf(count: number): Case[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => caseOf(random));
}

function caseOf(random: () => number): Case {
  const below = (limit: number) => Math.floor(random() * limit);
  const chance = (share: number) => random() < share;
  const passages = 2 + below(chance(0.5) ? named : 5000);
  const numbers = Array.from({ length: Math.min(passages, named) }, (_, place) => place + 1);
  const mode = chance(0.6) ? "hybrid" : chance(0.5) ? "vec_only" : "fts_only";
  // Few documents, so that passages compete within one; or as many as passages.
  const documents = chance(0.2) ? named * named : 1 + below(12);
  const words = wordsOf(below, chance);
  return {
    mode,
    topK: 1 + below(12),
    passages,
    words,
    having: Object.fromEntries(
      words.filter(() => chance(0.8)).map((word) => [word, 1 + below(passages)]),
    ),
    weights: mode === "hybrid" && chance(0.5) ? weightsOf(random) : null,
    vector: distancesOf(some(numbers, random), random, chance),
    keyword: some(numbers, random),
    documents: Object.fromEntries(numbers.map((number) => [number, below(documents)])),
    vectors: Object.fromEntries(numbers.map((number) => [number, vectorOf(random)])),
  };
}

function wordsOf(below: (limit: number) => number, chance: (share: number) => boolean): string[] {
  const count = chance(0.1) ? 51 + below(20) : 1 + below(12);
  // Words on which a stemmer has nothing to do.
  return Array.from({ length: count }, () => (chance(0.1) ? "x" : `q${below(30)}z`));
}

function weightsOf(random: () => number): [number, number] {
  const vector = Math.round(random() * 100) / 100;
  return [vector, 1 - vector];
}

/** Often none, often all, in any order. */
function some(numbers: readonly number[], random: () => number): number[] {
  const share = Math.max(0, Math.min(1, random() * 1.4 - 0.2));
  return numbers
    .map((number) => ({ number, place: random() }))
    .filter(() => random() < share)
    .sort((a, b) => a.place - b.place)
    .map(({ number }) => number);
}

/** Some of them equal, and sometimes the first at no distance. */
function distancesOf(
  numbers: readonly number[],
  random: () => number,
  chance: (share: number) => boolean,
): [number, number][] {
  const spread = chance(0.5) ? 0.15 : 0.8;
  const distances = numbers.map(() => Math.round((0.2 + spread * random()) * 1000) / 1000);
  distances.sort((a, b) => a - b);
  if (chance(0.1) && distances.length > 0) distances[0] = 0;
  return numbers.map((number, place) => [number, distances[place]!]);
}

/** Mostly of one direction, so that passages are alike. */
function vectorOf(random: () => number): number[] {
  return Array.from({ length: width }, (_, place) =>
    Math.fround(random() - 0.5 + (place === 0 ? 2 * random() : 0)),
  );
}
