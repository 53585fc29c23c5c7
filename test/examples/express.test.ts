import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { outcome, start } from "./running.ts";

async function listening(env: Record<string, string> = {}) {
  const child = start("express.ts", [], { PORT: "0", ...env });
  const ended = outcome(child);
  const [said] = await once(child.stdout, "data");
  const port = /port: (\d+)/.exec(String(said))?.[1];
  const ask = (body: unknown, signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/ask`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
  return { child, ended, ask };
}

/** An OpenAI-compatible server that answers when it is told to. */
async function chatServer() {
  const server = createServer((_request, response) => server.emit("asked", response));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const asked = async () => (await once(server, "asked"))[0] as ServerResponse;
  return { url, asked };
}

const answerWith = (content: string) => JSON.stringify({ choices: [{ message: { content } }] });
const refused = { answer: "I don't have evidence to answer that.", answered: false, sources: [] };

describe.concurrent("express.ts", () => {
  it("quotes documents, refuses, and says what a request lacks", async () => {
    const { child, ended, ask } = await listening();
    expect(await (await ask({ question: "When does the museum open?" })).json()).toEqual({
      answer: "The museum opens at ten in the morning and closes at six in the evening.",
      answered: true,
      sources: ["hours"],
    });
    // One is retrieved and judged irrelevant, the other finds nothing.
    for (const question of ["Which trains leave in the morning?", "Where is the Eiffel Tower?"]) {
      expect(await (await ask({ question })).json()).toEqual(refused);
    }
    const bad = await ask({ query: "When?" });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toMatch(/a string for query/);
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ code: 0, err: "" });
  });

  it("lets a chat model answer, stops it when the client leaves, and finishes before it ends", async () => {
    const chat = await chatServer();
    const { child, ended, ask } = await listening({ LLM_URL: chat.url });
    const question = "When does the museum open?";

    const left = new AbortController();
    const atChat = chat.asked();
    const leaving = ask({ question }, left.signal);
    const dropped = once(await atChat, "close");
    left.abort();
    await expect(leaving).rejects.toThrow(/abort/);
    await dropped;

    const again = chat.asked();
    const answered = ask({ question });
    const held = await again;
    child.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 100));
    held.end(answerWith("At ten."));
    expect(await (await answered).json()).toMatchObject({ answer: "At ten.", answered: true });
    expect(await ended).toMatchObject({ code: 0, err: "" });
  });
});
