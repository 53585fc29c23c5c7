// The Model Context Protocol: a server whose tools judge, filter and rank passages.
import { type CallToolResult, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { QragError } from "../../base/errors.ts";
import { packageVersion } from "../../base/package_root.ts";
import type { Gate } from "../gate.ts";
import { scoreOf, type Verdict } from "../verdict.ts";

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
  items: { type: "string" },
  maxItems: maxPassages,
  description: "Texts, in any order",
};
const limit = { type: "integer", minimum: 1, description: "The best so many only" };
const index = { type: "integer", description: "Place in the given passages, from 0" };
const score = {
  type: "number",
  description: "Probability that the passage answers; relevant above 0.5",
};

const object = (properties: object, ...required: string[]) => ({
  type: "object",
  properties,
  required,
});
const listOf = (items: object) => ({ type: "array", items });

/** Every tool reads and changes nothing. */
const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

interface GateTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: object;
  readonly output: object;
  answer(gate: Gate, question: Question, signal: AbortSignal): Promise<Record<string, unknown>>;
}

const relevant = { type: "boolean" };

const tools: readonly GateTool[] = [
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
    async answer(gate, question, signal) {
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
      { relevant: listOf(object({ index, passage: { type: "string" } }, "index", "passage")) },
      "relevant",
    ),
    async answer(gate, question, signal) {
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
    async answer(gate, { query: asked, passages: texts, limit: topK }, signal) {
      const ranked = await gate.rank(asked, texts, { signal, topK });
      return {
        ranking: ranked.map((each) => ({ index: each.index, ...shown(gate, each.verdict) })),
      };
    },
  },
];

/** Connect it to a transport: `await gateMcpServer(gate).connect(new StdioServerTransport())`. */
export function gateMcpServer(gate: Gate): McpServer {
  const server = new McpServer({ name: "qrag", version: packageVersion() });
  for (const { name, title, description, input, output, answer } of tools) {
    const config = {
      title,
      description,
      annotations,
      inputSchema: fromJsonSchema<Question>(input),
      outputSchema: fromJsonSchema<Record<string, unknown>>(output),
    };
    server.registerTool(name, config, async (question, { mcpReq }) =>
      told(() => answer(gate, question, mcpReq.signal)),
    );
  }
  return server;
}

function shown({ info }: Gate, verdict: Verdict): { relevant: boolean; score: number } {
  return { relevant: verdict.relevant, score: scoreOf(verdict, info) };
}

/** The result as text too, for clients that read no structure. What the caller did wrong is told, not thrown. */
async function told(answer: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const structuredContent = await answer();
    return {
      content: [{ type: "text", text: JSON.stringify(structuredContent) }],
      structuredContent,
    };
  } catch (error) {
    if (!(error instanceof QragError) || error.code !== "INPUT_INVALID") throw error;
    return { content: [{ type: "text", text: error.message }], isError: true };
  }
}
