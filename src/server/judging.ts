// What all protocols share: documents admitted, judged together, scored, cut and counted.
import type { Gate } from "../gate.ts";
import { scoreOf, type Verdict } from "../verdict.ts";
import type { Admission } from "./admission.ts";
import type { Fields } from "./fields.ts";
import type { Metrics } from "./metrics.ts";

export interface Judged {
  readonly index: number;
  readonly verdict: Verdict;
}

/** What a request says of its answer, whatever the protocol. */
export interface Wanted {
  /** The best so many only. */
  readonly topN: number | undefined;
  /** Leave out what scores less. */
  readonly minScore: number | undefined;
  readonly onlyRelevant: boolean;
}

export function wantedOf(fields: Fields, topN: "top_n" | "top_k" = "top_n"): Wanted {
  return {
    topN: fields.count(topN),
    minScore: fields.number("min_score"),
    onlyRelevant: fields.flag("only_relevant"),
  };
}

/** The gate's part of the server. */
export class Judging {
  readonly gate: Gate;
  readonly #admission: Admission;
  readonly #metrics: Metrics;

  constructor(gate: Gate, admission: Admission, metrics: Metrics) {
    this.gate = gate;
    this.#admission = admission;
    this.#metrics = metrics;
  }

  /** The verdicts in the order of the texts, each as soon as it is there. */
  async *judge(
    query: string,
    texts: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<Judged> {
    const work = () => this.gate.stream(query, texts, { signal });
    let relevant = 0;
    let index = 0;
    for await (const verdict of this.#admission.through(texts.length, work)) {
      this.#metrics.judged(verdict);
      if (verdict.relevant) relevant++;
      yield { index: index++, verdict };
    }
    this.#metrics.answered(relevant);
  }

  /** All verdicts, the largest margin first; equal ones keep their order. */
  async ranked(query: string, texts: readonly string[], signal: AbortSignal): Promise<Judged[]> {
    const all: Judged[] = [];
    for await (const judged of this.judge(query, texts, signal)) all.push(judged);
    return all.sort((a, b) => b.verdict.margin - a.verdict.margin || a.index - b.index);
  }

  score(verdict: Verdict): number {
    return scoreOf(verdict, this.gate.info);
  }

  /** The part of the verdicts that a request wants. */
  chosen(ranked: readonly Judged[], { topN, minScore = -1, onlyRelevant }: Wanted): Judged[] {
    return ranked
      .filter(({ verdict }) => this.score(verdict) >= minScore)
      .filter(({ verdict }) => verdict.relevant || !onlyRelevant)
      .slice(0, topN);
  }
}

/** A margin as a number that JSON has: refused passages lie below everything that a model says. */
export function finiteMargin({ margin }: Verdict): number {
  return Number.isFinite(margin) ? margin : -1000;
}
