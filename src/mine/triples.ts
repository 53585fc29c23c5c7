// From judged candidates to triples: which passage answers, which ones only seemed to, and all that it takes to check it.
import type { StoredPassage } from "../store/read.ts";
import type { Candidate, Side } from "./candidates.ts";
import type { MiningQuestion } from "./questions.ts";

export interface Judged extends Candidate {
  /** Of the gate, beyond its line: above 0 it is relevant. Null where the gate has refused it unread. */
  readonly lead: number | null;
}

/** A passage's place, how it was found, and who says what it is. */
export interface Witness extends Pick<Candidate, "ranks" | "similarity" | "judge"> {
  readonly id: string;
  readonly path: string | null;
  readonly headings: readonly string[];
  readonly line: number;
  /** In bytes of the document. */
  readonly start: number;
  readonly end: number;
  readonly margin: number | null;
}

export interface Triple {
  readonly query: string;
  readonly positive: string;
  readonly negative: string;
  readonly audit: {
    /** Where the question comes from; `cut` is missing in the positive's text. */
    readonly question:
      | { readonly from: "file"; readonly line: number }
      | { readonly from: "heading" | "sentence"; readonly cut: string };
    readonly positive: Witness;
    readonly negative: Witness;
  };
}

export interface TripleSettings {
  /** How far from its line the gate has to be. */
  readonly minMargin: number;
  /** Triples of one question at most. */
  readonly negatives: number;
  /** The gate's line: 0, or a calibration's. */
  readonly offset: number;
}

/** Why a question gave none. */
export type Lack = "label not found" | "no positive" | "no negative" | "too long";

export function triplesOf(
  question: MiningQuestion,
  judged: readonly Judged[],
  settings: TripleSettings,
): Triple[] | Lack {
  const positive = positiveOf(question, judged, settings);
  if (!positive) return question.positives.length > 0 ? "label not found" : "no positive";
  const negatives = negativesOf(judged, positive, settings);
  if (negatives.length === 0) return "no negative";
  return negatives.map((negative) => ({
    query: question.text,
    positive: positive.text,
    negative: negative.text,
    audit: {
      question: originOf(question),
      positive: witnessOf(positive, settings),
      negative: witnessOf(negative, settings),
    },
  }));
}

/** A label counts whatever the gate says of it; of several the gate chooses. */
function positiveOf(
  { positives, made }: MiningQuestion,
  judged: readonly Judged[],
  { minMargin }: TripleSettings,
): Judged | undefined {
  const isLabelled = positives.length > 0;
  const judge = isLabelled ? "label" : made ? "passage" : "gate";
  const best = judged
    .filter((candidate) => candidate.judge === judge)
    .reduce<Judged | undefined>(
      (before, next) => (before && leadOf(before) >= leadOf(next) ? before : next),
      undefined,
    );
  return best && (isLabelled || leadOf(best) > minMargin) ? best : undefined;
}

/** Found by one side only, and clearly not relevant; those of both sides in turn, each side's best first. */
function negativesOf(
  judged: readonly Judged[],
  positive: Judged,
  { minMargin, negatives }: TripleSettings,
): Judged[] {
  const wrong = judged.filter(
    ({ judge, lead, text }) =>
      judge === "gate" && lead !== null && lead < -minMargin && text !== positive.text,
  );
  const only = (side: Side, other: Side) =>
    wrong
      .filter(({ ranks }) => ranks[side] !== null && ranks[other] === null)
      .sort((a, b) => a.ranks[side]! - b.ranks[side]!);
  const vectors = only("vectors", "keywords");
  const keywords = only("keywords", "vectors");
  const turns = Math.max(vectors.length, keywords.length);
  return Array.from({ length: turns }, (_, turn) => [vectors[turn], keywords[turn]])
    .flat()
    .filter((each) => each !== undefined)
    .slice(0, negatives);
}

function leadOf({ lead }: Judged): number {
  return lead ?? -Infinity;
}

function originOf({ line, made }: MiningQuestion): Triple["audit"]["question"] {
  return made ? { from: made.from, cut: made.cut } : { from: "file", line: line! };
}

function witnessOf(
  { passage, ranks, similarity, judge, lead }: Judged,
  { offset }: TripleSettings,
): Witness {
  const { id, path, headings, line, start, end }: StoredPassage = passage;
  const margin = lead === null ? null : lead + offset;
  return { id, path: path ?? null, headings, line, start, end, ranks, similarity, margin, judge };
}
