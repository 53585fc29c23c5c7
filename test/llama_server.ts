// A llama-server that ranks, on a port of its own; what a test of it needs of its HTTP interface.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export class LlamaServer {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
  }

  static async start(program: string, model: string): Promise<LlamaServer> {
    const port = await freePort();
    const place = ["--host", "127.0.0.1", "--port", String(port)];
    const process = spawn(program, ["--model", model, "--reranking", "--threads", "1", ...place], {
      stdio: "ignore",
    });
    const server = new LlamaServer(process, `http://127.0.0.1:${port}`);
    while (!(await server.#isReady())) {
      if (process.exitCode !== null) throw new Error(`llama-server ended: ${process.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return server;
  }

  async #isReady(): Promise<boolean> {
    const answer = await fetch(`${this.#url}/health`).catch(() => undefined);
    return answer?.ok ?? false;
  }

  /** The scores of the documents, in their order, and the tokens of all prompts. */
  async rerank(query: string, documents: readonly string[]) {
    const body = JSON.stringify({ query, documents });
    const answer = await fetch(`${this.#url}/v1/rerank`, { method: "POST", body });
    if (!answer.ok) throw new Error(await answer.text());
    const { results, usage } = (await answer.json()) as {
      results: { index: number; relevance_score: number }[];
      usage: { prompt_tokens: number };
    };
    const scores: number[] = [];
    for (const { index, relevance_score } of results) scores[index] = relevance_score;
    return { scores, tokens: usage.prompt_tokens };
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null) await once(this.#process, "exit");
  }
}
