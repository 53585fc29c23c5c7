// Scores pairs by the cosine of two vectors, each text embedded once.
import type { Competitor } from "./competitor.ts";
import type { Pair, Scorer } from "./scorer.ts";

/** The vectors of texts, of any length but one width; some embedders read queries and passages differently. */
export type EmbedAs = (
  texts: readonly string[],
  as: "query" | "passage",
) => Promise<readonly ArrayLike<number>[]>;

/** An embedder that wants to read other words before each kind of text. */
export function withPrefixes(
  { queryPrefix, passagePrefix }: Pick<Competitor, "queryPrefix" | "passagePrefix">,
  embed: (texts: readonly string[]) => Promise<readonly ArrayLike<number>[]>,
): EmbedAs {
  return (texts, as) =>
    embed(texts.map((text) => (as === "query" ? queryPrefix : passagePrefix) + text));
}

export function embeddingScorer(embed: EmbedAs, close: () => Promise<void>): Scorer {
  const queries = remembering(embed, "query");
  const passages = remembering(embed, "passage");
  return {
    async score(pairs: readonly Pair[]) {
      const asked = await queries(pairs.map(({ query }) => query));
      const found = await passages(pairs.map(({ passage }) => passage));
      return asked.map((query, index) => product(query, found[index]!));
    },
    close,
  };
}

/** Embeds what it has not seen before; vectors have length 1. */
function remembering(embed: EmbedAs, as: "query" | "passage") {
  const known = new Map<string, readonly number[]>();
  return async (texts: readonly string[]) => {
    const unknown = [...new Set(texts)].filter((text) => !known.has(text));
    const vectors = unknown.length > 0 ? await embed(unknown, as) : [];
    for (const [index, text] of unknown.entries()) known.set(text, unit(vectors[index]!));
    return texts.map((text) => known.get(text)!);
  };
}

export function unit(vector: ArrayLike<number>): number[] {
  const length = Math.sqrt(product(vector, vector)) || 1;
  return Array.from(vector, (value) => value / length);
}

export function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
