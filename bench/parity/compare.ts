// Two sets of vectors of the same texts: their cosines, and how well each finds the passages that answer questions.
import { rankingMeasures } from "../../src/eval/ranking.ts";
import { similarity } from "../../src/index.ts";
import type { Texts } from "./texts.ts";

export interface Vectors {
  readonly questions: readonly Float32Array[];
  readonly passages: readonly Float32Array[];
}

export interface Likeness {
  readonly mean: number;
  readonly least: number;
}

export function likeness(ours: Vectors, theirs: Vectors): Likeness {
  const others = [...theirs.questions, ...theirs.passages];
  const cosines = [...ours.questions, ...ours.passages].map((vector, i) =>
    similarity(vector, others[i]!),
  );
  return {
    mean: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length,
    least: Math.min(...cosines),
  };
}

/** Of the order in which a question's nearest passages come; only one of them counts. */
export function ndcg10({ questions, passages }: Vectors, answers: Texts["answers"]): number {
  const ranked = questions.map((question, i) => {
    const scores = passages.map((passage) => similarity(question, passage));
    const ranking = scores.map((_, place) => place).sort((a, b) => scores[b]! - scores[a]!);
    return { grades: new Map([[answers[i]!, 1]]), ranking };
  });
  return rankingMeasures(ranked).ndcg10;
}
