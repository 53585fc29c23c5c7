// BM25 over a collection of passages: the ranking that finds candidates and hard negatives, and the baseline to beat.
import { termsOf } from "./words.ts";

/** Lucene's defaults. */
const k1 = 1.2;
const b = 0.75;

interface Posting {
  readonly document: number;
  readonly count: number;
}

export interface Hit {
  /** Position in the collection. */
  readonly document: number;
  readonly score: number;
}

export class Bm25 {
  readonly #lengths: number[] = [];
  readonly #postings = new Map<string, Posting[]>();
  readonly #averageLength: number;

  constructor(documents: Iterable<string>) {
    for (const text of documents) {
      const terms = termsOf(text);
      const document = this.#lengths.push(terms.length) - 1;
      for (const [term, count] of counted(terms)) {
        const postings = this.#postings.get(term);
        if (postings) postings.push({ document, count });
        else this.#postings.set(term, [{ document, count }]);
      }
    }
    const total = this.#lengths.reduce((sum, length) => sum + length, 0);
    this.#averageLength = total / Math.max(1, this.#lengths.length);
  }

  /** The documents that share a term with the query, the best first, equal ones in their order. */
  search(query: string, most = Infinity): Hit[] {
    const scores = new Map<number, number>();
    for (const term of termsOf(query)) {
      const weight = this.#rarity(term);
      for (const { document, count } of this.#postings.get(term) ?? []) {
        const part = weight * this.#saturated(count, this.#lengths[document]!);
        scores.set(document, (scores.get(document) ?? 0) + part);
      }
    }
    return [...scores]
      .map(([document, score]) => ({ document, score }))
      .sort((a, b) => b.score - a.score || a.document - b.document)
      .slice(0, most);
  }

  /** The score of any passage, in the collection or not. */
  score(query: string, passage: string): number {
    const terms = termsOf(passage);
    const counts = counted(terms);
    let score = 0;
    for (const term of termsOf(query)) {
      const count = counts.get(term) ?? 0;
      if (count > 0) score += this.#rarity(term) * this.#saturated(count, terms.length);
    }
    return score;
  }

  /** Lucene's inverse document frequency, never negative. */
  #rarity(term: string): number {
    const holding = this.#postings.get(term)?.length ?? 0;
    return Math.log(1 + (this.#lengths.length - holding + 0.5) / (holding + 0.5));
  }

  #saturated(count: number, length: number): number {
    const norm = 1 - b + (b * length) / Math.max(1, this.#averageLength);
    return (count * (k1 + 1)) / (count + k1 * norm);
  }
}

function counted(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}
