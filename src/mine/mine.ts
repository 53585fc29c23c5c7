// Mining: every question searched by both sides and judged, its triples handed on as they are found.
import { QragError } from "../../base/errors.ts";
import type { Progress } from "../../base/progress.ts";
import type { Gate } from "../gate.ts";
import type { Store } from "../store/store.ts";
import { type Candidate, candidatesOf, depth, sides } from "./candidates.ts";
import type { MiningQuestion } from "./questions.ts";
import { type Judged, type Lack, type Triple, type TripleSettings, triplesOf } from "./triples.ts";

export interface Miner {
  readonly store: Pick<Store, "search">;
  readonly gate: Pick<Gate, "judgeAll" | "info">;
}

export interface MiningSettings extends Omit<TripleSettings, "offset"> {
  readonly seed: number;
  /** The SHA-256 of both models' files. */
  readonly models: { readonly embedder: string; readonly gate: string };
  readonly signal?: AbortSignal | undefined;
  /** Questions done, and in all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What can be checked of a triple: its places and verdicts, and with what they were made. */
export interface MinedTriple extends Triple {
  readonly audit: Triple["audit"] & {
    readonly models: MiningSettings["models"];
    readonly settings: Pick<MiningSettings, "minMargin" | "negatives" | "seed"> & {
      readonly depth: number;
      readonly weights: typeof sides;
      readonly offset: number;
    };
  };
}

export interface Mined {
  readonly questions: number;
  /** Questions with a triple. */
  readonly withTriples: number;
  readonly triples: number;
  readonly judged: number;
  /** Of the questions without a triple. */
  readonly lacks: Readonly<Record<Lack, number>>;
}

/** Hands each triple to `take`, in the order of the questions. */
export async function mine(
  { store, gate }: Miner,
  questions: readonly MiningQuestion[],
  { minMargin, negatives, seed, models, signal, onProgress }: MiningSettings,
  take: (triple: MinedTriple) => Promise<void>,
): Promise<Mined> {
  const { offset } = gate.info;
  const settings = { minMargin, negatives, seed, depth, weights: sides, offset };
  const lacks = { "label not found": 0, "no positive": 0, "no negative": 0, "too long": 0 };
  let withTriples = 0;
  let triples = 0;
  let judged = 0;
  for (const [index, question] of questions.entries()) {
    signal?.throwIfAborted();
    const candidates = await candidatesOf(store, question, signal);
    const verdicts = await judgeAll(gate, question, candidates, signal);
    judged += verdicts?.length ?? 0;
    const found = verdicts
      ? triplesOf(question, verdicts, { minMargin, negatives, offset })
      : "too long";
    if (typeof found === "string") lacks[found]++;
    else withTriples++;
    for (const triple of typeof found === "string" ? [] : found) {
      await take({ ...triple, audit: { ...triple.audit, models, settings } });
      triples++;
    }
    onProgress?.({ done: index + 1, total: questions.length });
  }
  return { questions: questions.length, withTriples, triples, judged, lacks };
}

/** Undefined where the question leaves no room for a passage: one such line of a log is no reason to stop. */
async function judgeAll(
  gate: Miner["gate"],
  { text }: MiningQuestion,
  candidates: readonly Candidate[],
  signal: AbortSignal | undefined,
): Promise<Judged[] | undefined> {
  const verdicts = await gate.judgeAll(text, candidates, { signal }).catch((error: unknown) => {
    if (error instanceof QragError && error.code === "INPUT_INVALID") return undefined;
    throw error;
  });
  if (!verdicts) return undefined;
  return candidates.map((candidate, index) => {
    const { margin, reason } = verdicts[index]!;
    return { ...candidate, lead: reason === undefined ? margin - gate.info.offset : null };
  });
}
