// A server for a test on a gate that judges by a number in the passage; closed when the test has ended.
import { onTestFinished } from "vitest";
import type { Gate } from "../../src/gate.ts";
import type { ServerOptions } from "../../src/server/options.ts";
import { type GateServer, serveGate } from "../../src/server/server.ts";
import { byNumber, FakeModel, fakeGate } from "../src/fakes.ts";

export async function serving(options: ServerOptions & { gate?: Gate } = {}): Promise<GateServer> {
  const { gate = fakeGate({ model: new FakeModel(byNumber) }), ...rest } = options;
  const server = await serveGate(gate, { port: 0, ...rest });
  onTestFinished(() => server.close());
  return server;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of five protocols
  readonly json: any;
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return read(await fetch(url, { headers }));
}

/** Sends an object as JSON, and a string as it is. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return read(
    await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json";
  const { status, headers } = response;
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}
