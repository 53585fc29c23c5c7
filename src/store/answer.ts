// Answers from a store: search, judge, generate, and say where it stands.
import { type GatedAnswer, gatedAnswer } from "../answer/gated_answer.ts";
import type { AnswerOptions } from "../answer/options.ts";
import type { Ranked } from "../gate.ts";
import type { Filter } from "./filter.ts";
import { type Hit, withoutVector } from "./hits.ts";
import type { StoreGate } from "./models.ts";
import type { SearchOptions } from "./options.ts";
import type { SearchMode } from "./search.ts";

export interface StoreAnswerOptions
  extends Omit<AnswerOptions<Hit>, "query" | "retrieve" | "gate"> {
  readonly mode?: SearchMode | undefined;
  readonly filter?: Filter | undefined;
  readonly steps?: number | undefined;
  readonly stopBelow?: number | undefined;
}

/** Where a passage stands that the generator was given. */
export interface Citation
  extends Pick<Hit, "id" | "path" | "headings" | "line" | "start" | "end"> {}

export interface StoreAnswer extends GatedAnswer<Hit> {
  /** In the order in which the generator had them: the first is its [1]. */
  readonly citations: readonly Citation[];
}

export async function answerFrom(
  search: (query: string, options: SearchOptions) => AsyncIterable<Hit>,
  gate: Pick<StoreGate, "rank">,
  query: string,
  { mode, filter, steps, stopBelow, ...options }: StoreAnswerOptions,
): Promise<StoreAnswer> {
  const answer = await gatedAnswer<Hit>({
    ...options,
    query,
    gate,
    retrieve: (text, { topK, signal }) =>
      search(text, { topK, signal, mode, filter, steps, stopBelow, gate: false }),
  });
  const bare = <R extends Ranked<Hit>>(ranked: R): R => ({
    ...ranked,
    passage: withoutVector(ranked.passage),
  });
  const kept = answer.kept.map(bare);
  const citations = kept.map(({ passage }) => citationOf(passage));
  return { ...answer, kept, dropped: answer.dropped.map(bare), citations };
}

function citationOf({ id, path, headings, line, start, end }: Hit): Citation {
  return { id, path, headings, line, start, end };
}
