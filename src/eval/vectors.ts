// Scores pairs by the cosine of two vectors, each text embedded once.
import type { Competitor } from "./competitor.ts";
import type { Pair, Scorer } from "./scorer.ts";

/** The vectors of texts, of any length. */
export type Embed = (texts: readonly string[]) => Promise<(readonly number[])[]>;

export function embeddingScorer(
  { queryPrefix, passagePrefix }: Pick<Competitor, "queryPrefix" | "passagePrefix">,
  embed: Embed,
  close: () => Promise<void>,
): Scorer {
  const known = new Map<string, readonly number[]>();
  const embedAll = async (texts: readonly string[]) => {
    const unknown = [...new Set(texts)].filter((text) => !known.has(text));
    const vectors = await embed(unknown);
    for (const [index, text] of unknown.entries()) known.set(text, unit(vectors[index]!));
    return texts.map((text) => known.get(text)!);
  };
  return {
    async score(pairs: readonly Pair[]) {
      const queries = await embedAll(pairs.map(({ query }) => queryPrefix + query));
      const passages = await embedAll(pairs.map(({ passage }) => passagePrefix + passage));
      return queries.map((query, index) => product(query, passages[index]!));
    },
    close,
  };
}

function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(product(vector, vector)) || 1;
  return vector.map((value) => value / length);
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
