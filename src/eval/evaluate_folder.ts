// Runs one system over a folder's questions: scores every retrieved passage, decides, and measures.
import type { System } from "./evaluate.ts";
import type { FolderSet } from "./folder.ts";
import { bestThreshold, type FolderMeasures, folderMeasures } from "./folder_measures.ts";
import { type Latency, type ScoreSettings, scoreAll } from "./scorer.ts";

export interface FolderSystem extends FolderMeasures {
  readonly name: string;
  readonly kind: System["kind"];
  readonly detail: string;
  readonly threshold: number;
  /** The threshold was chosen on this very folder. */
  readonly oracle: boolean;
  readonly latency: Latency | undefined;
  /** One list a question: the scores of its passages, in their order. */
  readonly scores: readonly (readonly number[])[];
}

export interface FolderResult {
  readonly set: FolderSet;
  readonly systems: FolderSystem[];
}

export async function evaluateFolder(
  set: FolderSet,
  { name, kind, detail, threshold: fixed, scorerOf }: System,
  settings: ScoreSettings,
): Promise<FolderSystem> {
  const { questions } = set;
  const pairs = questions.flatMap(({ question, retrieved }) =>
    retrieved.map(({ text }) => ({ query: question, passage: text })),
  );
  const { scores: all, latency } = await scoreAll(scorerOf(set), pairs, settings);
  let next = 0;
  const scored = questions.map((question) => {
    const scores = all.slice(next, next + question.retrieved.length);
    next += scores.length;
    return { ...question, scores };
  });
  const threshold = fixed ?? bestThreshold(scored);
  return {
    name,
    kind,
    detail,
    threshold,
    oracle: fixed === undefined,
    ...folderMeasures(scored, threshold),
    latency,
    scores: scored.map(({ scores }) => scores),
  };
}
