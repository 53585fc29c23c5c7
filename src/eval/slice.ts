// The published slice of a BEIR set: a few queries, each with one relevant passage and four that only look like it.
import { QragError } from "../../base/errors.ts";
import type { BeirSet, JudgedQuery } from "./beir.ts";
import type { Bm25 } from "./bm25.ts";
import { randomNumbers, shuffled } from "./random.ts";
import type { EvalRow } from "./rows.ts";

export interface SliceSettings {
  readonly queries: number;
  readonly negatives: number;
  readonly seed: number;
}

export const publishedSlice: SliceSettings = { queries: 25, negatives: 4, seed: 1 };

/** Queries without enough negatives (a tiny corpus, or a query that shares no term with it) are passed over. */
export function sliceOf(set: BeirSet, bm25: Bm25, settings: SliceSettings): EvalRow[] {
  const rows: EvalRow[] = [];
  let taken = 0;
  for (const query of shuffled(set.queries, randomNumbers(settings.seed))) {
    if (taken === settings.queries) break;
    const negatives = hardNegatives(query, bm25, settings.negatives);
    if (negatives.length < settings.negatives) continue;
    rows.push(rowOf(set, query, bestOf(query), 1));
    for (const document of negatives) rows.push(rowOf(set, query, document, 0));
    taken++;
  }
  if (rows.length > 0) return rows;
  throw new QragError(
    "INPUT_INVALID",
    `${set.name}: for no query are there ${settings.negatives} passages that share a term with it and are not relevant`,
  );
}

/** The document with the highest grade, the first of several. */
function bestOf({ grades }: JudgedQuery): number {
  const highest = Math.max(...grades.values());
  return [...grades].find(([, grade]) => grade === highest)![0];
}

/** What BM25 ranks highest of everything that is not judged relevant. */
function hardNegatives({ text, grades }: JudgedQuery, bm25: Bm25, count: number): number[] {
  const hits = bm25.search(text, grades.size + count);
  const wrong = hits.filter(({ document }) => !((grades.get(document) ?? 0) > 0));
  return wrong.slice(0, count).map(({ document }) => document);
}

function rowOf(set: BeirSet, query: JudgedQuery, document: number, label: 0 | 1): EvalRow {
  return {
    query: query.text,
    passage: set.corpus.texts[document]!,
    label,
    domain: set.name,
    kind: label === 1 ? "positive" : "hard-negative",
    rest: { queryId: query.id, documentId: set.corpus.ids[document]! },
  };
}
