// The tools on a store: search finds passages, ask keeps those that answer, or refuses.
import { defaultRefusal } from "../answer/options.ts";
import type { Gate } from "../gate.ts";
import type { Hit } from "../store/hits.ts";
import type { Store } from "../store/store.ts";
import { listOf, object, relevant, score, shown, type Tool, text } from "./mcp_tool.ts";

interface Question {
  readonly query: string;
  readonly limit?: number;
  readonly path?: string;
}

/** Passages that a call may ask for: more is more than a model reads. */
const maxLimit = 100;
const defaultLimit = 10;
/** Passages that `ask` judges, as `qrag ask` does. */
const judged = 20;

const query = { type: "string", minLength: 1, description: "A question, or words to look for" };
const path = {
  type: "string",
  minLength: 1,
  description: "Only documents whose path begins with this",
};
const limit = {
  type: "integer",
  minimum: 1,
  maximum: maxLimit,
  description: "The best so many only",
};
const place = {
  text,
  document: { type: "string", description: "The document's id" },
  path: text,
  headings: listOf(text),
  line: { type: "integer", description: "Of the document, from 1" },
};
const passage = object(
  { ...place, relevant, score },
  "text",
  "document",
  "headings",
  "line",
  "relevant",
  "score",
);

export const storeTools = (gate: Gate, store: Pick<Store, "search">): readonly Tool<Question>[] => {
  const found = async (question: Question, topK: number, signal: AbortSignal): Promise<Hit[]> => {
    const { path: prefix } = question;
    const filter = prefix === undefined ? undefined : { path: prefix };
    const hits: Hit[] = [];
    const search = { topK, filter, gate, signal };
    for await (const hit of store.search(question.query, search)) hits.push(hit);
    return hits;
  };
  return [
    {
      name: "search",
      title: "Search the store",
      description:
        "The passages of the user's documents that fit the query best, by meaning and by words, each with whether it " +
        "answers the query.",
      input: object({ query, limit, path }, "query"),
      output: object({ passages: listOf(passage) }, "passages"),
      async answer(question, signal) {
        const hits = await found(question, question.limit ?? defaultLimit, signal);
        return { passages: hits.map((hit) => ({ ...placed(hit), ...shown(gate, hit.verdict!) })) };
      },
    },
    {
      name: "ask",
      title: "Ask the store",
      description:
        "The passages of the user's documents that answer the query, the best first, to answer from and to cite. " +
        "Where there is none, `refusal` says what to answer instead: do not answer from memory.",
      input: object({ query, limit, path }, "query"),
      output: object(
        { answered: { type: "boolean" }, refusal: text, passages: listOf(passage) },
        "answered",
        "passages",
      ),
      async answer(question, signal) {
        const hits = await found(question, Math.max(judged, question.limit ?? 0), signal);
        const passages = hits
          .filter(({ verdict }) => verdict!.relevant)
          .sort((a, b) => b.verdict!.margin - a.verdict!.margin)
          .slice(0, question.limit)
          .map((hit) => ({ ...placed(hit), ...shown(gate, hit.verdict!) }));
        const answered = passages.length > 0;
        return { answered, ...(!answered && { refusal: defaultRefusal }), passages };
      },
    },
  ];
};

/** The passage and where it stands; a path that is not there is left out. */
function placed({ text: words, id, path: file, headings, line }: Hit): object {
  return { text: words, document: id, ...(file !== undefined && { path: file }), headings, line };
}
