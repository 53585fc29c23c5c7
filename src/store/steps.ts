// Retrieval in steps, as Q-RAG has it: each looks for the passage that fits the question and what was chosen before.

/** A passage that a step has chosen. */
export interface Chosen {
  /** Its number. */
  readonly passage: number;
  /** The cosine, or with a state embedder the inner product, of the state and the passage. */
  readonly value: number;
}

export interface Step extends Chosen {
  readonly text: string;
}

export interface StepOptions {
  readonly steps: number;
  readonly stopBelow: number | undefined;
  /** Tokens that the embedder of states reads. */
  readonly contextLength: number | undefined;
}

/** What a step asks for: a state's vector, then the nearest passage that is not chosen yet. */
export interface StepParts {
  embed(state: string): Promise<Float32Array>;
  nearest(vector: Float32Array, chosen: readonly Chosen[]): Promise<Step | undefined>;
}

/** Ends before its last step where the best passage left is worth less than `stopBelow`, or none is left. */
export async function takeSteps(
  query: string,
  { steps, stopBelow = -Infinity, contextLength }: StepOptions,
  { embed, nearest }: StepParts,
): Promise<Chosen[]> {
  const chosen: Step[] = [];
  while (chosen.length < steps) {
    const state = stateText(query, chosen, contextLength);
    const next = await nearest(await embed(state), chosen);
    if (!next || next.value < stopBelow) break;
    chosen.push(next);
  }
  return chosen.map(({ passage, value }) => ({ passage, value }));
}

/** What BERTs read as the end of a part. */
const separator = " [SEP] ";
/** Of a part: some 110 tokens of English, as Q-RAG's for MuSiQue. */
const partLength = 480;
/** Small embedders read 256 tokens. */
const defaultContext = 256;
const charactersInToken = 4;

/** The question and the passages chosen, each cut so that the last one is still read. */
export function stateText(
  query: string,
  chosen: readonly Pick<Step, "text">[],
  contextLength = defaultContext,
): string {
  if (chosen.length === 0) return query;
  const parts = [query, ...chosen.map(({ text }) => text)];
  const room = Math.floor((charactersInToken * contextLength) / parts.length);
  const most = Math.min(partLength, room);
  return parts.map((part) => part.slice(0, most).replace(/[\ud800-\udbff]$/, "")).join(separator);
}
