import { fileURLToPath } from "node:url";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as FirstClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as FirstTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { type GateMcpServerOptions, gateMcpServer } from "../../src/adapters/mcp.ts";
import { qrag, wordsMargin } from "../cli/harness.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";

const gate = fakeGate({
  model: new FakeModel(byNumber),
});
const passages = ["fair =1", "off =-2", "best =3"];
const sigmoid = (margin: number) => 1 / (1 + Math.exp(-margin));

async function connected(options?: GateMcpServerOptions) {
  const client = new Client({ name: "test", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([gateMcpServer(gate, options).connect(there), client.connect(here)]);
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

describe("the tools on a store", () => {
  const { path, embedder } = folder();

  async function filled() {
    const store = await openHere(path(), { embedder: embedder() });
    onTestFinished(() => store.dispose());
    await store.add([
      { id: "a.md", path: "/notes/a.md", text: "# Care\n\nVinegar for the machine =1" },
      { id: "b", text: "The machine is red =-2" },
      { id: "c", text: "The machine takes vinegar =3" },
    ]);
    return connected({ store });
  }

  it("come beside the others, and only with a store", async () => {
    const { client } = await filled();
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(["judge", "filter", "rank", "search", "ask"]);
    for (const tool of tools) expect(tool.annotations).toMatchObject({ readOnlyHint: true });
    expect(() => gateMcpServer(gate, { store: {} } as never)).toThrow(/a store/);
  });

  it("search, each passage with its place and what the gate says", async () => {
    const { call } = await filled();
    const { structuredContent } = await call("search", { query: "vinegar machine" });
    const { passages: found } = structuredContent as { passages: { document: string }[] };
    expect(found.map(({ document }) => document).sort()).toEqual(["a.md", "b", "c"]);
    expect(found.find(({ document }) => document === "a.md")).toEqual({
      text: "Care\nVinegar for the machine =1",
      document: "a.md",
      path: "/notes/a.md",
      headings: ["Care"],
      line: 3,
      relevant: true,
      score: sigmoid(1),
    });
    expect(found.find(({ document }) => document === "b")).toMatchObject({ relevant: false });
    const few = await call("search", { query: "machine", limit: 1, path: "/notes/" });
    expect(few.structuredContent).toMatchObject({ passages: [{ document: "a.md" }] });
  });

  it("ask, for what answers, the best first, or a refusal", async () => {
    const { call } = await filled();
    const answered = await call("ask", { query: "machine" });
    expect(answered.structuredContent).toMatchObject({
      answered: true,
      passages: [{ document: "c", score: sigmoid(3) }, { document: "a.md" }],
    });
    const best = await call("ask", { query: "machine", limit: 1 });
    expect(best.structuredContent).toMatchObject({ passages: [{ document: "c" }] });
    const refused = await call("ask", { query: "zebra", path: "/elsewhere/" });
    expect(refused.structuredContent).toEqual({
      answered: false,
      refusal: "I don't have evidence to answer that.",
      passages: [],
    });
    expect(await call("ask", { query: " " })).toMatchObject({ isError: true });
  });
});

describe("qrag mcp, when standard input ends", () => {
  const initialize = {
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    },
  };
  const call = {
    id: 2,
    method: "tools/call",
    params: { name: "filter", arguments: { query: "a b", passages: ["c", "a b"] } },
  };
  const sent = (...messages: object[]) =>
    [initialize, { method: "notifications/initialized" }, ...messages]
      .map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
      .join("");
  const received = (out: string) =>
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("answers the calls that came before", async () => {
    const { exitCode, out } = await qrag(["mcp"], { stdin: sent(call) });
    expect(exitCode).toBe(0);
    const [, answer] = received(out);
    expect(answer).toMatchObject({
      id: 2,
      result: { structuredContent: { relevant: [{ index: 1, passage: "a b" }] } },
    });
  });

  it("does not wait for a call that was called off", async () => {
    const model = new FakeModel(wordsMargin);
    model.onScore = () => new Promise(() => {});
    const off = { method: "notifications/cancelled", params: { requestId: 2 } };
    const { exitCode, out } = await qrag(["mcp"], {
      stdin: sent(call, off),
      loadGate: async () => fakeGate({ model }),
    });
    expect(exitCode).toBe(0);
    expect(received(out).map(({ id }) => id)).toEqual([1]);
  });

  it("ends at once when it is interrupted", async () => {
    const model = new FakeModel(wordsMargin);
    const stop = new AbortController();
    model.onScore = () => {
      stop.abort(new Error("interrupted"));
      return new Promise(() => {});
    };
    const { out } = await qrag(["mcp"], {
      stdin: sent(call),
      signal: stop.signal,
      loadGate: async () => fakeGate({ model }),
    });
    expect(received(out).map(({ id }) => id)).toEqual([1]);
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
