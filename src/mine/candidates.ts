// What could answer a question: the passages that vectors find, those that keywords find, and those known to answer.
import { documentLimits } from "../store/documents.ts";
import type { Hit } from "../store/hits.ts";
import type { StoredPassage } from "../store/read.ts";
import type { Store } from "../store/store.ts";
import { collapsed } from "./collapsed.ts";
import type { MiningQuestion } from "./questions.ts";

/** The two searches whose results are compared; the weights are those with which bge-small-rrf was mined. */
export const sides = {
  vectors: { vector: 0.95, keyword: 0.05 },
  keywords: { vector: 0.05, keyword: 0.95 },
} as const;
export type Side = keyof typeof sides;

/** Passages of each side that are compared. */
export const depth = 10;

/** Who says what a passage is: a label, the passage that the question was made from, or the gate. */
export type Judge = "label" | "passage" | "gate";

export interface Candidate {
  readonly passage: StoredPassage;
  /** What is judged, and what trains: its text, but for what a question was made of. */
  readonly text: string;
  /** In the results of each side, from 1; null where it is not among them. */
  readonly ranks: Readonly<Record<Side, number | null>>;
  /** The cosine of question and passage; null where vectors have not found it. */
  readonly similarity: number | null;
  readonly judge: Judge;
}

export async function candidatesOf(
  store: Pick<Store, "search">,
  question: MiningQuestion,
  signal: AbortSignal | undefined,
): Promise<Candidate[]> {
  const found = new Map<string, Candidate>();
  for (const side of Object.keys(sides) as Side[]) {
    const settings = { topK: depth, weights: sides[side], explain: true, gate: false, signal };
    let rank = 0;
    for await (const hit of store.search(question.text, settings)) {
      const known = found.get(keyOf(hit)) ?? unfound(hit);
      const { similarity = null } = hit.explain ?? {};
      const ranks = { ...known.ranks, [side]: ++rank };
      found.set(keyOf(hit), { ...known, ranks, similarity });
    }
  }
  if (question.made) return withSource(found, question.made);
  return withLabels(store, found, question, signal);
}

/** A document's passages begin at different places. */
function keyOf({ id, start }: StoredPassage): string {
  return `${id}\0${start}`;
}

function unfound(passage: StoredPassage): Candidate {
  const { text, id, path, metadata, headings, line, start, end } = passage;
  return {
    passage: { text, id, path, metadata, headings, line, start, end },
    text,
    ranks: { vectors: null, keywords: null },
    similarity: null,
    judge: "gate",
  };
}

function withSource(
  found: ReadonlyMap<string, Candidate>,
  { passage, text }: NonNullable<MiningQuestion["made"]>,
): Candidate[] {
  const source = found.get(keyOf(passage)) ?? unfound(passage);
  return [...new Map(found).set(keyOf(passage), { ...source, text, judge: "passage" }).values()];
}

async function withLabels(
  store: Pick<Store, "search">,
  found: ReadonlyMap<string, Candidate>,
  { text, positives }: MiningQuestion,
  signal: AbortSignal | undefined,
): Promise<Candidate[]> {
  const all = new Map(found);
  for (const positive of positives) {
    const known = [...all.values()].map(({ passage }) => passage);
    for (const passage of await labelled(store, text, positive, known, signal)) {
      const key = keyOf(passage);
      all.set(key, { ...(all.get(key) ?? unfound(passage)), judge: "label" });
    }
  }
  return [...all.values()];
}

/** The passages that a label names: those of a document by its id, or those that hold a text. */
async function labelled(
  store: Pick<Store, "search">,
  question: string,
  positive: string,
  known: readonly StoredPassage[],
  signal: AbortSignal | undefined,
): Promise<StoredPassage[]> {
  const search = async (query: string, more: { topK: number; filter?: { ids: string[] } }) => {
    const hits: Hit[] = [];
    for await (const hit of store.search(query, { ...more, gate: false, signal })) hits.push(hit);
    return hits;
  };
  if (positive.length <= documentLimits.id && !positive.includes("\0")) {
    const best = await search(question, { topK: 1, filter: { ids: [positive] } });
    if (best.length > 0) return [...known.filter(({ id }) => id === positive), ...best];
  }
  const wanted = collapsed(positive);
  const holding = (passages: readonly StoredPassage[]) =>
    passages.filter(({ text }) => collapsed(text).includes(wanted));
  const among = holding(known);
  return among.length > 0 ? among : holding(await search(wanted.slice(0, 2000), { topK: depth }));
}
