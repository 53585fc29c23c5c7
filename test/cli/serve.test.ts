import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { qrag } from "./harness.ts";

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
