import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { loadEmbedder } from "../../src/index.ts";
import { Encoders } from "../encoders.ts";
import { folder } from "../store/bag_of_words.ts";
import { openHere } from "../store/open_here.ts";
import { qrag } from "./harness.ts";

// A process starts, and reads TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });
const encoders = new Encoders();
afterAll(() => encoders.remove());
const { path } = folder();
const main = join(packageRoot(), "src", "cli", "main.ts");

/** `qrag serve` as a process of its own, once it listens. */
async function serve(...options: string[]) {
  const args = ["--import", "tsx", main, "serve", "--port", "0", ...options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const stop = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code] = await once(child, "exit");
    return { code, errors };
  };
  return { line: String(line), stop };
}

const ask = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/rerank`, {
    method: "POST",
    headers,
    body: JSON.stringify({
      query: "capital of Germany",
      documents: ["Berlin is the capital of Germany."],
    }),
  });

describe("qrag serve", () => {
  it("says where it listens, answers, logs, and ends when it is asked to", async () => {
    const { line, stop } = await serve("--json", "--log", "json");
    const { url } = JSON.parse(line);
    const answer = (await (await ask(url, { "x-request-id": "one" })).json()) as {
      results: { relevance_score: number }[];
    };
    expect(answer.results[0]!.relevance_score).toBeGreaterThan(0.5);
    const { code, errors } = await stop("SIGTERM");
    expect(code).toBe(0);
    expect(JSON.parse(errors)).toMatchObject({
      id: "one",
      path: "/v1/rerank",
      status: 200,
      relevant: 1,
    });
  });

  it("answers from a store, and with vectors of its embedding model", async () => {
    const model = await encoders.path("mean");
    const file = path();
    {
      await using embedder = await loadEmbedder(model, { threads: 1 });
      await using store = await openHere(file, { embedder });
      await store.add([{ id: "a", text: "Berlin is the capital of Germany." }]);
    }
    const { line, stop } = await serve("--store", file, "--embedder", model, "--json");
    const { url } = JSON.parse(line);
    const post = async (route: string, body: object) =>
      (await fetch(url + route, { method: "POST", body: JSON.stringify(body) })).json();
    const { results } = (await post("/search", { query: "capital of Germany" })) as {
      results: object[];
    };
    expect(results).toEqual([
      expect.objectContaining({ id: "a", verdict: expect.objectContaining({ relevant: true }) }),
    ]);
    const { data } = (await post("/v1/embeddings", { input: ["one", "two"] })) as {
      data: { embedding: number[] }[];
    };
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64]);
    const { code, errors } = await stop("SIGTERM");
    expect(code).toBe(0);
    expect(errors).toMatch(/POST \/search 200 .* ms 1 of 1 relevant\n/);
    expect(errors).toMatch(/POST \/v1\/embeddings 200 .* ms 2 documents\n/);
  });

  it("says where there is no such store", async () => {
    const { exitCode, err } = await qrag(["serve", "--store", path()]);
    expect(exitCode).toBe(3);
    expect(err).toMatch(/There is no store .*qrag index/);
  });

  it("takes a key, and logs lines of text", async () => {
    const { line, stop } = await serve("--api-key", "secret");
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
    expect((await ask(url!)).status).toBe(401);
    expect((await ask(url!, { authorization: "Bearer secret" })).status).toBe(200);
    const { code, errors } = await stop("SIGINT");
    expect(code).toBe(0);
    expect(errors).toMatch(/POST \/v1\/rerank 401 .* ms An API key is missing/);
    expect(errors).toMatch(/POST \/v1\/rerank 200 .* ms 1 of 1 relevant\n/);
  });

  it.each([
    [["--port", "70000"], /port from 0 to 65535/],
    [["--port", "-1"], /./],
    [["--max-body", "0"], /--max-body/],
    [["--log", "xml"], /text, json, none/],
    [["file"], /unexpected argument/],
  ])("%j is a mistake", async (args, message) => {
    const { exitCode, err } = await qrag(["serve", ...args]);
    expect(exitCode).toBe(2);
    expect(err).toMatch(message);
  });
});
