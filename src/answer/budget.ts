// What the generator has room for: passages are admitted one by one until tokens or places are used up.
import type { Passage } from "../given.ts";

export interface Budget {
  /** Tokens of all passages together. Default: no limit. */
  readonly tokens?: number | undefined;
  /** Passages. Default: no limit. */
  readonly passages?: number | undefined;
  /** Counts the generator's tokens. Default: a token for every 3 characters, which is more than English needs. */
  readonly count?: ((text: string) => number) | undefined;
}

const charactersPerToken = 3;

export function textOf(passage: Passage): string {
  return typeof passage === "string" ? passage : passage.text;
}

/** Says of one passage after another whether it still fits. One that does not takes nothing from those behind it. */
export function withinBudget({
  tokens = Infinity,
  passages = Infinity,
  count = (text) => Math.ceil(text.length / charactersPerToken),
}: Budget): (passage: Passage) => boolean {
  let left = tokens;
  let places = passages;
  return (passage) => {
    if (places === 0) return false;
    if (left !== Infinity) {
      const needed = count(textOf(passage));
      // Not a number is too much.
      if (!(needed <= left)) return false;
      left -= needed;
    }
    places--;
    return true;
  };
}
