// A ranking of ours beside vstash's of the same case: equal to the last place, or different for a reason that has a name.
import { isLong } from "../../src/store/fuse.ts";
import type { Case } from "./cases.ts";
import { type Likeness, mixingOf, ours, type Ranking } from "./ours.ts";

/** What vstash says of a case. */
export interface Theirs extends Ranking {
  /** Vectors' weight, keywords' weight, cut-off; null where it was told the weights, or needs none. */
  readonly mixing: readonly [number, number, number] | null;
  /** Two passages of one document, and their cosine. */
  readonly likeness: readonly (readonly [number, number, number])[];
}

/** Where we differ on purpose: given the same there, rankings are equal again. */
export const reasons = {
  rounded: "vstash rounds adaptive weights to three decimals, we do not",
  alike:
    "a search by keywords alone reads no vectors here, so likeness inside a document costs nothing",
  crowded: "many vectors within the cut-off count for less here",
} as const;

export interface Comparison {
  /** The same passages in the same order, to the last place. */
  readonly equal: boolean;
  /** Why they are not. */
  readonly reason: keyof typeof reasons | undefined;
  /** Where what the reasons name is as vstash has it: the same order, and every score the same to the last bit. */
  readonly exact: boolean;
  /** How far the adaptive weight of keywords lies from vstash's. */
  readonly weightOff: number;
}

export function compare(one: Case, theirs: Theirs): Comparison {
  const cosines = new Map(theirs.likeness.map(([a, b, cosine]) => [pair(a, b), cosine]));
  const likeness: Likeness = (a, b) => cosines.get(pair(a, b));
  const keywordsOnly = one.mode === "fts_only";
  const mixing = mixingOf(one);
  const own = keywordsOnly ? () => undefined : likeness;
  // As a search of ours has it: the weights are ours to choose, and the cut-off leaves not nearly all.
  const crowded = one.mode === "hybrid" && !one.weights && !isLong(one.words.length);
  const found = ours(one, mixing, own, crowded);
  const [vector, keyword, cutoff] = theirs.mixing ?? [mixing.vector, mixing.keyword, mixing.cutoff];
  const asTheirs = ours(one, { vector, keyword, cutoff }, likeness, false);
  const equal = sameOrder(found, theirs);
  const reasonOf = () => {
    if (keywordsOnly) return "alike";
    return sameOrder(ours(one, mixing, likeness, false), theirs) ? "crowded" : "rounded";
  };
  return {
    equal,
    reason: equal ? undefined : reasonOf(),
    exact:
      sameOrder(asTheirs, theirs) &&
      JSON.stringify(asTheirs.fused) === JSON.stringify(theirs.fused),
    weightOff: Math.abs(keyword - mixing.keyword),
  };
}

function sameOrder(a: Ranking, b: Ranking): boolean {
  const orders = [a, b].map(({ fused, chosen }) =>
    JSON.stringify([fused.map(([passage]) => passage), chosen]),
  );
  return orders[0] === orders[1];
}

function pair(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
