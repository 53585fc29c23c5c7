// Maximal marginal relevance inside a document, as vstash has it: a passage that repeats a chosen one of its document waits.

export interface Candidate {
  readonly document: number;
  readonly score: number;
}

export interface Chosen {
  /** Among the candidates. */
  readonly index: number;
  /** What its likeness to chosen passages of its document cost it. */
  readonly penalty: number;
}

const lambda = 0.5;

/**
 * Up to `topK` candidates, which come with the best first. Documents do not compete by likeness, only passages of one
 * document do. Ends before `topK` where even the best has nothing new to say. `similarity` is undefined where a passage
 * has no vector.
 */
export function diversify(
  candidates: readonly Candidate[],
  topK: number,
  similarity: (a: number, b: number) => number | undefined,
): Chosen[] {
  const relevance = scaled(candidates.map(({ score }) => score)).map((each) => lambda * each);
  const nearest = candidates.map(() => 0);
  const left = new Set(candidates.keys());
  const chosen: Chosen[] = [];
  while (chosen.length < topK && left.size > 0) {
    let best = -1;
    let bestGain = -Infinity;
    for (const index of left) {
      const gain = relevance[index]! - (1 - lambda) * nearest[index]!;
      if (gain > bestGain) [best, bestGain] = [index, gain];
    }
    if (bestGain < 0) break;
    left.delete(best);
    chosen.push({ index: best, penalty: (1 - lambda) * nearest[best]! });
    for (const index of left) {
      if (candidates[index]!.document !== candidates[best]!.document) continue;
      nearest[index] = Math.max(nearest[index]!, similarity(index, best) ?? 0);
    }
  }
  return chosen;
}

/** From 0 to 1; all 0 where all are equal. */
function scaled(scores: readonly number[]): number[] {
  const least = Math.min(...scores);
  const range = Math.max(...scores) - least || 1;
  return scores.map((score) => (score - least) / range);
}
