// Whatever scores pairs: gates, BM25, other people's models. The higher the score, the more relevant.
import type { Gate } from "../gate.ts";
import type { Bm25 } from "./bm25.ts";
import { quantile } from "./intervals.ts";

export interface Pair {
  readonly query: string;
  readonly passage: string;
}

export interface Scorer {
  score(pairs: readonly Pair[], signal: AbortSignal): Promise<number[]>;
  close(): Promise<void>;
}

/** What a pair gets that the gate refused without asking its model: below every margin, and a number that JSON has. */
const refusedScore = -1000;

/** The gate stays its caller's. */
export function gateScorer(gate: Gate): Scorer {
  return {
    async score(pairs, signal) {
      const judge = async ({ query, passage }: Pair) => {
        const { margin, reason } = await gate.judge(query, passage, { signal });
        return reason === undefined ? margin : refusedScore;
      };
      return Promise.all(pairs.map(judge));
    },
    async close() {},
  };
}

export function bm25Scorer(bm25: Bm25): Scorer {
  return {
    score: async (pairs) => pairs.map(({ query, passage }) => bm25.score(query, passage)),
    async close() {},
  };
}

/** Of one pair at a time, from text to score. */
export interface Latency {
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly samples: number;
}

export interface ScoreSettings {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/** Pairs that are timed, one after the other, before the rest is scored many at once. */
const timedPairs = 64;
/** Enough to fill the batches of an engine. */
const pairsAtOnce = 64;

export async function scoreAll(
  scorer: Scorer,
  pairs: readonly Pair[],
  { signal, onProgress }: ScoreSettings,
): Promise<{ scores: number[]; latency: Latency | undefined }> {
  const scores: number[] = [];
  const times: number[] = [];
  // Once for nothing: the first call pays for what later ones share.
  if (pairs[0]) await scorer.score([pairs[0]], signal);
  while (scores.length < pairs.length) {
    signal.throwIfAborted();
    const single = times.length < timedPairs;
    const batch = pairs.slice(scores.length, scores.length + (single ? 1 : pairsAtOnce));
    const start = performance.now();
    scores.push(...(await scorer.score(batch, signal)));
    if (single) times.push(performance.now() - start);
    onProgress({ done: scores.length, total: pairs.length });
  }
  return { scores, latency: times.length > 0 ? latencyOf(times) : undefined };
}

function latencyOf(times: readonly number[]): Latency {
  return {
    medianMs: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    samples: times.length,
  };
}
