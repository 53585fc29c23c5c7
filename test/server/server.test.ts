import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Exchange } from "../../src/server/exchange.ts";
import type { LogEntry } from "../../src/server/log.ts";
import { teiError } from "../../src/server/problem.ts";
import { serveGate } from "../../src/server/server.ts";
import { byNumber, codeOf, FakeModel, fakeGate } from "../src/fakes.ts";
import { get, post, serving } from "./serving.ts";

const question = { query: "q", documents: ["a =1", "b =-1"] };

/** A model that holds every batch until `go`. */
function heldModel() {
  const model = new FakeModel(byNumber);
  let go = () => {};
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  model.onScore = () => {
    started();
    return gone;
  };
  return { gate: fakeGate({ model }), model, go, running };
}

/** What comes back for bytes sent over a socket that is held open. */
async function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write(bytes);
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

/** The status of a request with headers that fetch does not let through. */
async function statusFor(url: string, headers: Record<string, string>): Promise<number> {
  const call = request(url, { headers }).end();
  const [response] = await once(call, "response");
  response.resume();
  return response.statusCode;
}

describe("a request that cannot be answered", () => {
  it.each([
    ["GET", "/nothing", 404],
    ["POST", "/v1/nothing", 404],
    ["GET", "/rerank", 405],
    ["DELETE", "/v1/rerank", 405],
    ["POST", "/health", 405],
    ["GET", "/../../etc/passwd", 404],
    ["GET", "/%00", 404],
  ])("%s %s gets %i", async (method, path, status) => {
    const { url } = await serving();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/^(GET|POST)$/);
    const body = (await response.json()) as Record<string, unknown>;
    expect(typeof body.error).toBe(path.startsWith("/v") ? "object" : "string");
  });

  it("of a body that is too large, or no JSON, gets 413, 415 or 400", async () => {
    const { url } = await serving({ maxBody: 1000 });
    const large = JSON.stringify({ query: "q", documents: ["x".repeat(1000)] });
    const known = await post(`${url}/v1/rerank`, large);
    expect([known.status, known.json.error.code]).toEqual([413, 413]);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode("x".repeat(400)));
      },
    });
    const endless = await fetch(`${url}/rerank`, {
      method: "POST",
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(endless.status).toBe(413);
    const form = await post(`${url}/v2/rerank`, "a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(form.status).toBe(415);
    // curl -d sends this type of its own accord, which is told.
    expect(form.json.message).toMatch(/Expected JSON/);
    const invalid = await fetch(`${url}/v1/rerank`, {
      method: "POST",
      body: Uint8Array.of(0x22, 0xff, 0x22),
    });
    expect(invalid.status).toBe(400);
    expect((await post(`${url}/v1/rerank`, "[".repeat(900))).status).toBe(400);
  });

  it("of more documents than one request may have gets 422, and of more than the queue holds 429", async () => {
    const { gate, go, running } = heldModel();
    const { url } = await serving({ gate, maxDocuments: 3, maxQueue: 4 });
    const three = { query: "q", documents: ["a =1", "b =1", "c =1"] };
    expect(
      (await post(`${url}/v1/rerank`, { ...three, documents: Array(4).fill("p") })).status,
    ).toBe(422);
    const first = post(`${url}/v1/rerank`, three);
    await running;
    const second = await post(`${url}/v1/rerank`, three);
    expect([second.status, second.json.error.type]).toEqual([429, "unavailable_error"]);
    expect(second.headers.get("retry-after")).toBe("1");
    const tei = await post(`${url}/rerank`, { query: "q", texts: three.documents });
    expect([tei.status, tei.json.error_type]).toEqual([429, "Overloaded"]);
    const fits = post(`${url}/v1/rerank`, { query: "q", documents: ["d =1"] });
    go();
    expect((await first).status).toBe(200);
    expect((await fits).status).toBe(200);
    expect((await post(`${url}/v1/rerank`, three)).status).toBe(200);
  });

  it("that fails inside says nothing of our insides, but to the log", async () => {
    const entries: LogEntry[] = [];
    const model = new FakeModel(() => Number.NaN);
    const { url } = await serving({
      gate: fakeGate({ model }),
      log: (entry) => entries.push(entry),
    });
    const answer = await post(`${url}/v1/rerank`, question);
    expect([answer.status, answer.json.message]).toEqual([500, "Internal error"]);
    expect(entries[0]?.problem).toMatch(/output row/);
  });

  it("that is no HTTP is refused", async () => {
    const { url } = await serving();
    expect(await raw(url, "HELO qrag\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw(url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(40_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431/,
    );
  });
});

describe("a slow client", () => {
  it("that does not end its request is cut off, and others are served meanwhile", async () => {
    const { url } = await serving({ timeout: 300 });
    const head = raw(url, "POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\n");
    const body = raw(
      url,
      'POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{"query"',
    );
    expect((await post(`${url}/v1/rerank`, question)).status).toBe(200);
    expect(await head).toMatch(/^HTTP\/1\.1 408/);
    expect(await body).toMatch(/^HTTP\/1\.1 408/);
  });

  it("that does not take its answer is cut off", async () => {
    // A response whose socket takes nothing: the kernel's own buffers would hide a real one for many megabytes.
    const response = new PassThrough({ highWaterMark: 1 });
    const cut = once(response, "close");
    const exchange = new Exchange({
      id: "1",
      request: {} as never,
      response: Object.assign(response, { writeHead: () => response }) as never,
      signal: new AbortController().signal,
      gone: new AbortController().signal,
      errors: teiError,
      timeout: 20,
      body: async () => ({}),
    });
    await exchange.write("more than it takes");
    await cut;
    expect(response.destroyed).toBe(true);
  });
});

describe("a client that leaves", () => {
  it("stops its work, and is noted as such", async () => {
    const entries: LogEntry[] = [];
    const { gate, model, go, running } = heldModel();
    const { url } = await serving({ gate, log: (entry) => entries.push(entry) });
    const stop = new AbortController();
    const documents = Array(900).fill("p =1");
    const call = fetch(`${url}/v1/rerank`, {
      method: "POST",
      body: JSON.stringify({ query: "q", documents }),
      signal: stop.signal,
    });
    await running;
    stop.abort();
    await expect(call).rejects.toThrow();
    go();
    while (entries.length === 0) await new Promise(setImmediate);
    expect(entries[0]).toMatchObject({ status: 499, path: "/v1/rerank" });
    const { text } = await get(`${url}/metrics`);
    expect(text).toContain("te_queue_size 0");
    expect(model.batches.length).toBeLessThan(10);
  });

  it("in the middle of a stream does not keep the server from closing", async () => {
    const server = await serving();
    const stop = new AbortController();
    const passages = Array(300).fill("p =1");
    const response = await fetch(`${server.url}/judge`, {
      method: "POST",
      body: JSON.stringify({ query: "q", passages, stream: true }),
      signal: stop.signal,
    });
    const reader = response.body!.getReader();
    await reader.read();
    stop.abort();
    await expect(reader.read()).rejects.toThrow();
    await server.close();
  });
});

describe("closing", () => {
  it("finishes what was accepted, turns away what comes, and says so to health checks", async () => {
    const { gate, go, running } = heldModel();
    const server = await serving({ gate });
    const { url } = server;
    const agent = await keptAlive(url);
    const accepted = post(`${url}/v1/rerank`, question);
    await running;
    const closed = server.close();
    expect(await agent("/health")).toMatch(/^HTTP\/1\.1 503/);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    go();
    const answer = await accepted;
    expect(answer.status).toBe(200);
    expect(answer.json.results).toHaveLength(2);
    await closed;
    await server.close();
  });

  it("ends what takes longer than the grace", async () => {
    const { gate, running } = heldModel();
    const server = await serving({ gate, grace: 50 });
    const accepted = post(`${server.url}/v1/rerank`, question);
    await running;
    await server.close();
    expect((await accepted).status).toBe(503);
    await gate.dispose();
  });

  it("does not wait for a body that never comes", async () => {
    const server = await serving({ grace: 50 });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write("POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
  });

  it("does not wait for a pipelined request whose client has left", async () => {
    const { gate, go, running } = heldModel();
    const server = await serving({ gate, grace: 50 });
    const { hostname, port } = new URL(server.url);
    const body = JSON.stringify(question);
    const one = `POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(one + one);
    await running;
    socket.destroy();
    await server.close();
    go();
  });

  it("answers with 503 when the gate is disposed of first", async () => {
    const gate = fakeGate();
    const { url } = await serving({ gate });
    await gate.dispose();
    expect((await post(`${url}/v1/rerank`, question)).status).toBe(503);
  });
});

/** A connection that stays open in mid-request; the function sends the rest. */
async function keptAlive(url: string): Promise<(path: string) => Promise<string>> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write("GET ");
  // The server has the beginning of a request: the connection is not idle.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return async (path) => {
    socket.end(`${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) text += chunk;
    return text;
  };
}

describe("who may ask", () => {
  it("is who has the key, where there is one", async () => {
    const { url } = await serving({ apiKey: "secret" });
    const ask = (headers: Record<string, string>) => post(`${url}/v1/rerank`, question, headers);
    const without = await ask({});
    expect([without.status, without.json.error.type]).toEqual([401, "authentication_error"]);
    expect(without.headers.get("www-authenticate")).toBe("Bearer");
    expect((await ask({ authorization: "Bearer wrong" })).status).toBe(401);
    expect((await ask({ authorization: "Bearer secret" })).status).toBe(200);
    expect((await ask({ authorization: "bearer secret" })).status).toBe(200);
    expect((await ask({ "x-api-key": "secret" })).status).toBe(200);
    expect((await get(`${url}/health`)).status).toBe(200);
    expect((await get(`${url}/metrics`)).status).toBe(401);
  });

  it("is no page of another origin, unless it is let in", async () => {
    const { url } = await serving({ cors: ["https://app.example"] });
    const ask = (origin: string) => post(`${url}/v1/rerank`, question, { origin });
    expect((await ask("https://evil.example")).status).toBe(403);
    expect((await ask(url)).status).toBe(200);
    const admitted = await ask("https://app.example");
    expect(admitted.headers.get("access-control-allow-origin")).toBe("https://app.example");
    const preflight = await fetch(`${url}/v1/rerank`, {
      method: "OPTIONS",
      headers: { origin: "https://app.example" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/authorization/);
    expect((await fetch(`${url}/v1/rerank`, { method: "OPTIONS" })).status).toBe(405);
    const { url: open } = await serving({ cors: ["*"] });
    const answer = await post(`${open}/v1/rerank`, question, { origin: "https://any.example" });
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("calls the server by an address, localhost, or a name that was given", async () => {
    const { url } = await serving({ hosts: ["gate.internal"] });
    const called = (host: string) => statusFor(`${url}/health`, { host });
    expect(await called("evil.example")).toBe(403);
    expect(await called("localhost:1")).toBe(200);
    expect(await called("[::1]:1")).toBe(200);
    expect(await called("GATE.internal:80")).toBe(200);
    const { url: bound } = await serving();
    expect(await statusFor(`${bound}/health`, { host: "evil.example" })).toBe(403);
    const { url: open } = await serving({ host: "0.0.0.0" });
    expect(
      await statusFor(`${open.replace("0.0.0.0", "127.0.0.1")}/health`, { host: "any.example" }),
    ).toBe(200);
  });
});

describe("what is noted", () => {
  it("may fail to be written: the server goes on, and warns", async () => {
    const warned = once(process, "warning");
    const log = () => {
      throw new Error("disk full");
    };
    const { url } = await serving({ log });
    expect((await get(`${url}/health`)).status).toBe(200);
    expect(String((await warned)[0].message)).toMatch(/disk full/);
    expect((await get(`${url}/health`)).status).toBe(200);
  });

  it("is a line a request, with an id that is the client's if it can be", async () => {
    const entries: LogEntry[] = [];
    const { url } = await serving({ log: (entry) => entries.push(entry) });
    const own = await post(`${url}/v1/rerank?key=x`, question, { "x-request-id": "abc-1" });
    expect(own.headers.get("x-request-id")).toBe("abc-1");
    const other = await post(`${url}/rerank`, "{", { "x-request-id": "a b" });
    expect(other.headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
    expect(entries).toEqual([
      expect.objectContaining({
        id: "abc-1",
        method: "POST",
        path: "/v1/rerank",
        status: 200,
        documents: 2,
        relevant: 1,
        tokens: expect.any(Number),
      }),
      expect.objectContaining({
        path: "/rerank",
        status: 400,
        problem: expect.stringMatching(/not JSON/),
      }),
    ]);
    expect(entries[0]!.milliseconds).toBeGreaterThan(0);
    expect(Date.parse(entries[0]!.time)).not.toBeNaN();
  });
});

describe("many at once", () => {
  it("share batches, and each gets its own answer", async () => {
    const model = new FakeModel(byNumber);
    const { url } = await serving({ gate: fakeGate({ model }) });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        post(`${url}/v1/rerank`, { query: `q${index}`, documents: [`p =${index}`, "p =-1"] }),
      ),
    );
    for (const [index, { json }] of answers.entries()) {
      const [best] = json.results;
      expect(best).toEqual({ index: 0, relevance_score: 1 / (1 + Math.exp(-index)) });
    }
    expect(model.batches.length).toBeLessThan(400);
  });
});

describe("serveGate", () => {
  it("refuses wrong options, a port that is taken, and what is no gate", async () => {
    expect(await codeOf(serveGate(fakeGate(), { port: -1 }))).toBe("INPUT_INVALID");
    expect(await codeOf(serveGate(fakeGate(), { prt: 1 } as never))).toBe("INPUT_INVALID");
    expect(await codeOf(serveGate({} as never))).toBe("INPUT_INVALID");
    const { url } = await serving();
    const port = Number(new URL(url).port);
    expect(await codeOf(serveGate(fakeGate(), { port }))).toBe("LISTEN_FAILED");
  });

  it("answers a HEAD without a body", async () => {
    const { url } = await serving();
    const response = await fetch(`${url}/info`, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(100);
  });
});
