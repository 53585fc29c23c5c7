// What a tool of the Model Context Protocol is here: its schemas, its answer, and how both are registered.
import { type CallToolResult, fromJsonSchema, type McpServer } from "@modelcontextprotocol/server";
import { QragError } from "../../base/errors.ts";
import type { Gate } from "../gate.ts";
import { scoreOf, type Verdict } from "../verdict.ts";

type Answer = Record<string, unknown>;

export interface Tool<Question> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: object;
  readonly output: object;
  answer(question: Question, signal: AbortSignal): Promise<Answer>;
}

export const object = (properties: object, ...required: string[]) => ({
  type: "object",
  properties,
  required,
});
export const listOf = (items: object) => ({ type: "array", items });
export const text = { type: "string" };
export const relevant = { type: "boolean" };
export const score = {
  type: "number",
  description: "Probability that the passage answers; relevant above 0.5",
};

/** Every tool reads and changes nothing. */
const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

export function register<Question>(server: McpServer, tool: Tool<Question>): void {
  const { name, title, description, input, output } = tool;
  const config = {
    title,
    description,
    annotations,
    inputSchema: fromJsonSchema<Question>(input),
    outputSchema: fromJsonSchema<Answer>(output),
  };
  server.registerTool(name, config, async (question, { mcpReq }) =>
    told(() => tool.answer(question, mcpReq.signal)),
  );
}

export function shown({ info }: Gate, verdict: Verdict): { relevant: boolean; score: number } {
  return { relevant: verdict.relevant, score: scoreOf(verdict, info) };
}

/** The result as text too, for clients that read no structure. What the caller did wrong is told, not thrown. */
async function told(answer: () => Promise<Answer>): Promise<CallToolResult> {
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
