import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { gateMcpServer } from "../../src/adapters/mcp.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";

const gate = fakeGate({
  model: new FakeModel(byNumber),
});
const passages = ["fair =1", "off =-2", "best =3"];
const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));

async function connected() {
  const client = new Client({ name: "test", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([gateMcpServer(gate).connect(there), client.connect(here)]);
  onTestFinished(() => client.close());
  const call = async (name: string, given: Record<string, unknown>) =>
    client.callTool({ name, arguments: given });
  return { client, call };
}

describe("the tools", () => {
  it("are named, described, and read only", async () => {
    const { client } = await connected();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["judge", "filter", "rank"]);
    for (const tool of tools) {
      expect(tool.annotations).toMatchObject({ readOnlyHint: true, openWorldHint: false });
      expect(tool.inputSchema.required).toEqual(["query", "passages"]);
      expect(tool.outputSchema?.type).toBe("object");
    }
  });

  it("judge, filter and rank", async () => {
    const { call } = await connected();
    const judged = await call("judge", { query: "q", passages });
    const verdicts = [
      { relevant: true, score: sigmoid(1) },
      { relevant: false, score: sigmoid(-2) },
      { relevant: true, score: sigmoid(3) },
    ];
    expect(judged.structuredContent).toEqual({ verdicts });
    expect(judged.content).toEqual([{ type: "text", text: JSON.stringify({ verdicts }) }]);
    const filtered = await call("filter", { query: "q", passages });
    expect(filtered.structuredContent).toEqual({
      relevant: [
        { index: 0, passage: "fair =1" },
        { index: 2, passage: "best =3" },
      ],
    });
    const ranked = await call("rank", { query: "q", passages, limit: 1 });
    expect(ranked.structuredContent).toEqual({
      ranking: [{ index: 2, relevant: true, score: sigmoid(3) }],
    });
  });

  it("tell a model what it did wrong", async () => {
    const { call } = await connected();
    const blank = await call("judge", { query: " ", passages });
    expect(blank).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/some text for query/) }],
    });
    for (const given of [
      { query: "q" },
      { query: "q", passages: [1] },
      { query: "q", passages: "text" },
    ]) {
      const answer = await call("filter", given).catch((error: Error) => ({
        isError: true,
        content: error.message,
      }));
      expect(answer.isError).toBe(true);
    }
  });
});

describe("qrag mcp", () => {
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const command = { command: process.execPath, args: ["--import", "tsx", main, "mcp"] };
  const question = {
    query: "capital of Germany",
    passages: ["Berlin is the capital of Germany.", "The Nile is the longest river."],
  };
  const relevant = [{ index: 0, passage: question.passages[0] }];

  it("serves a client of the present protocol", async () => {
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StdioClientTransport(command));
    onTestFinished(() => client.close());
    const answer = await client.callTool({ name: "filter", arguments: question });
    expect(answer.structuredContent).toEqual({ relevant });
  });

  it("serves a client of the first SDK", async () => {
    const client = new FirstClient({ name: "test", version: "1" });
    await client.connect(new FirstTransport(command));
    onTestFinished(() => client.close());
    const answer = await client.callTool({ name: "filter", arguments: question });
    expect(answer.structuredContent).toEqual({ relevant });
  });
});
