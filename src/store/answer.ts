// Answers from a store: search, judge, generate, and say where it stands.
import { type GatedAnswer, gatedAnswer } from "../answer/gated_answer.ts";
import type { AnswerOptions } from "../answer/options.ts";
import type { Filter } from "./filter.ts";
import { type Hit, withoutVector } from "./hits.ts";
import type { StoreGate } from "./models.ts";
import type { SearchOptions } from "./options.ts";
import type { SearchMode } from "./search.ts";
import type { Found, Known } from "./searching.ts";

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

/** `find` gives the hits with what the gate is told of their vectors. */
export async function answerFrom(
  find: (query: string, options: SearchOptions) => Promise<Found>,
  gate: StoreGate,
  query: string,
  { mode, filter, steps, stopBelow, ...options }: StoreAnswerOptions,
): Promise<StoreAnswer> {
  let known: Known | undefined;
  const rank: StoreGate["rank"] = async (text, passages, wanted) => {
    const ranked = await gate.rank(text, passages, { ...wanted, ...known });
    return ranked.map((each) => ({ ...each, passage: withoutVector(each.passage) }));
  };
  const answer = await gatedAnswer<Hit>({
    ...options,
    query,
    gate: { rank },
    async retrieve(text, { topK, signal }) {
      const found = await find(text, { topK, signal, mode, filter, steps, stopBelow });
      known = found.known;
      return found.hits;
    },
  });
  const citations = answer.kept.map(({ passage }) => citationOf(passage));
  return { ...answer, citations };
}

function citationOf({ id, path, headings, line, start, end }: Hit): Citation {
  return { id, path, headings, line, start, end };
}
