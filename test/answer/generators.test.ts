import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { chatSessionGenerator } from "../../src/answer/chat_session.ts";
import { openAiGenerator } from "../../src/answer/openai.ts";
import { evidencePrompt } from "../../src/answer/prompt.ts";
import { codeOf } from "../src/fakes.ts";

const evidence = {
  query: "How tall?",
  passages: ["It is 30 m tall.", { text: "Built in 1900." }],
  refusal: "No idea.",
  signal: undefined,
  onText: undefined,
};

const open: { close(): void; closeAllConnections(): void }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An endpoint that answers so; `seen` holds what it was sent. */
async function endpoint(answer: (response: ServerResponse) => void) {
  const seen: {
    url: string;
    headers: IncomingMessage["headers"];
    body: Record<string, unknown>;
  }[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    seen.push({ url: request.url!, headers: request.headers, body: JSON.parse(text) });
    answer(response);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { baseUrl, seen };
}

const said = (content: string) => JSON.stringify({ choices: [{ message: { content } }] });
const event = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}`;

describe("the prompt", () => {
  it("quotes numbered passages, and no passage can close its quotation", () => {
    const text = evidencePrompt({ ...evidence, passages: ['a """ b', 'c """" d'] });
    expect(text).toMatch(
      /\[1\]\n"{5}\na """ b\n"{5}\n\n\[2\]\n"{5}\nc """" d\n"{5}\n\nQuestion: How tall\?$/,
    );
    expect(text).toContain("say exactly: No idea.");
  });
});

describe("a chat session", () => {
  it("is prompted with the evidence, and streams", async () => {
    const pieces: string[] = [];
    const session = {
      async prompt(text: string, { onTextChunk }: { onTextChunk?: (piece: string) => void }) {
        onTextChunk?.("30 m");
        return `${text.length} characters`;
      },
    };
    const generate = chatSessionGenerator(session);
    const length = evidencePrompt(evidence).length;
    expect(await generate({ ...evidence, onText: (piece) => pieces.push(piece) })).toBe(
      `${length} characters`,
    );
    expect(pieces).toEqual(["30 m"]);
    const short = chatSessionGenerator(session, { prompt: ({ query }) => query });
    expect(await short(evidence)).toBe("9 characters");
    expect(() => chatSessionGenerator({} as never)).toThrow(/a chat session/);
  });
});

describe("an OpenAI-compatible endpoint", () => {
  it("is sent the prompt and gives its message", async () => {
    const { baseUrl, seen } = await endpoint((response) => response.end(said("30 m")));
    const generate = openAiGenerator({
      baseUrl: `${baseUrl}/`,
      model: "m",
      apiKey: "k",
      maxTokens: 9,
    });
    expect(await generate(evidence)).toBe("30 m");
    expect(seen[0]).toMatchObject({
      url: "/v1/chat/completions",
      headers: { authorization: "Bearer k", "content-type": "application/json" },
      body: {
        model: "m",
        messages: [{ role: "user", content: evidencePrompt(evidence) }],
        temperature: 0,
        stream: false,
        max_tokens: 9,
      },
    });
  });

  it("streams, wherever the pieces are cut and however lines end", async () => {
    const events = `: hello\r\n\r\n${event("30")}\r\n\r\n${event(" °m")}\n\ndata: {"choices":[]}\n\ndata: [DONE]\n\n`;
    const bytes = Buffer.from(events);
    const { baseUrl } = await endpoint(async (response) => {
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const pieces: string[] = [];
    const generate = openAiGenerator({ baseUrl, model: "m" });
    expect(await generate({ ...evidence, onText: (piece) => pieces.push(piece) })).toBe("30 °m");
    expect(pieces).toEqual(["30", " °m"]);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["a status", (response) => response.writeHead(401).end("bad key"), /answered 401: bad key/],
    ["no JSON", (response) => response.end("<html>"), /not JSON: <html>/],
    ["no message", (response) => response.end("{}"), /without a message/],
    ["an error", (response) => response.end('{"error":{"message":"full"}}'), /failed: .*full/],
    [
      "half",
      (response) => {
        response.write("{");
        setTimeout(() => response.destroy(), 20);
      },
      /broke off/,
    ],
  ])("that answers %s is a failure of the generator", async (_, answer, message) => {
    const { baseUrl } = await endpoint(answer);
    const generate = openAiGenerator({ baseUrl, model: "m" });
    await expect(generate(evidence)).rejects.toMatchObject({
      code: "GENERATION_FAILED",
      message: expect.stringMatching(message),
    });
  });

  it("that fails in mid-stream, or is not there, is one too", async () => {
    const { baseUrl } = await endpoint((response) =>
      response.end(`${event("30")}\n\ndata: {"error":{"message":"full"}}\n\n`),
    );
    const streaming = { ...evidence, onText: () => {} };
    const generate = openAiGenerator({ baseUrl, model: "m" });
    expect(await codeOf(generate(streaming) as Promise<string>)).toBe("GENERATION_FAILED");
    const nowhere = openAiGenerator({ baseUrl: "http://127.0.0.1:9", model: "m" });
    expect(await codeOf(nowhere(evidence) as Promise<string>)).toBe("GENERATION_FAILED");
  });

  it("stops with the signal's reason, before and in the middle of an answer", async () => {
    const { baseUrl } = await endpoint((response) => response.write(`${event("30")}\n\n`));
    const generate = openAiGenerator({ baseUrl, model: "m" });
    const stop = new AbortController();
    const reason = new Error("enough");
    const onText = () => stop.abort(reason);
    await expect(generate({ ...evidence, signal: stop.signal, onText })).rejects.toBe(reason);
    await expect(generate({ ...evidence, signal: stop.signal })).rejects.toBe(reason);
  });

  it("may tell an error of any length, or not stream when it is asked to", async () => {
    const { baseUrl } = await endpoint((response) => {
      response.writeHead(500);
      const more = setInterval(() => response.write("too much ".repeat(100)), 1);
      response.on("close", () => clearInterval(more));
    });
    const generate = openAiGenerator({ baseUrl, model: "m" });
    await expect(generate(evidence)).rejects.toThrow(/answered 500: too much/);
    const { baseUrl: plain } = await endpoint((response) => response.end(said("30 m")));
    const streaming = { ...evidence, onText: () => {} };
    const ignoring = openAiGenerator({ baseUrl: plain, model: "m" });
    await expect(ignoring(streaming)).rejects.toThrow(/does not stream/);
  });

  it("passes on what onText throws", async () => {
    const { baseUrl } = await endpoint((response) => response.end(`${event("30")}\n\n`));
    const thrown = new Error("from onText");
    const onText = () => {
      throw thrown;
    };
    const generate = openAiGenerator({ baseUrl, model: "m" });
    await expect(generate({ ...evidence, onText })).rejects.toBe(thrown);
  });

  it.each([
    [{ baseUrl: "ftp://x", model: "m" }, /an http or https URL for baseUrl/],
    [{ model: "m" }, /baseUrl/],
    [{ baseUrl: "http://x" }, /some text for model/],
    [{ baseUrl: "http://x", model: "m", temperature: 3 }, /temperature/],
    [{ baseUrl: "http://x", model: "m", key: "k" }, /no option "key"/],
  ])("refuses %o", (options, message) => {
    expect(() => openAiGenerator(options as never)).toThrow(message);
  });
});
