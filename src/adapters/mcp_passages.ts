// The tools that judge, filter and rank the passages they are given.
import type { Gate } from "../gate.ts";
import { listOf, object, relevant, score, shown, type Tool, text } from "./mcp_tool.ts";

interface Question {
  readonly query: string;
  readonly passages: readonly string[];
  readonly limit?: number;
}

/** Passages of one call; a client that has more asks again. */
const maxPassages = 1000;

const query = { type: "string", minLength: 1, description: "What the passages are to answer" };
const passages = {
  type: "array",
  items: text,
  maxItems: maxPassages,
  description: "Texts, in any order",
};
const limit = { type: "integer", minimum: 1, description: "The best so many only" };
const index = { type: "integer", description: "Place in the given passages, from 0" };

export const passageTools = (gate: Gate): readonly Tool<Question>[] => [
  {
    name: "judge",
    title: "Judge passages",
    description:
      "For each passage: does it answer the query? Verdicts in the order of the passages.",
    input: object({ query, passages }, "query", "passages"),
    output: object(
      { verdicts: listOf(object({ relevant, score }, "relevant", "score")) },
      "verdicts",
    ),
    async answer(question, signal) {
      const verdicts = await gate.judgeAll(question.query, question.passages, { signal });
      return { verdicts: verdicts.map((verdict) => shown(gate, verdict)) };
    },
  },
  {
    name: "filter",
    title: "Keep relevant passages",
    description:
      "The passages that answer the query, in their order. An empty list means that there is no evidence: do not " +
      "answer from these passages.",
    input: object({ query, passages }, "query", "passages"),
    output: object(
      { relevant: listOf(object({ index, passage: text }, "index", "passage")) },
      "relevant",
    ),
    async answer(question, signal) {
      const verdicts = await gate.judgeAll(question.query, question.passages, { signal });
      const kept = question.passages.map((passage, place) => ({ index: place, passage }));
      return { relevant: kept.filter((each) => verdicts[each.index]!.relevant) };
    },
  },
  {
    name: "rank",
    title: "Rank passages",
    description: "The passages by how well they answer the query, the best first.",
    input: object({ query, passages, limit }, "query", "passages"),
    output: object(
      { ranking: listOf(object({ index, relevant, score }, "index", "relevant", "score")) },
      "ranking",
    ),
    async answer({ query: asked, passages: texts, limit: topK }, signal) {
      const ranked = await gate.rank(asked, texts, { signal, topK });
      return {
        ranking: ranked.map((each) => ({ index: each.index, ...shown(gate, each.verdict) })),
      };
    },
  },
];
