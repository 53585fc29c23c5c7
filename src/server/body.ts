// Reads a request's body: bounded, timed, UTF-8, JSON.
import type { IncomingMessage } from "node:http";
import { isObject } from "../checks.ts";
import { Problem } from "./problem.ts";

/** Bytes of bodies held by all requests together. */
export class HeldBytes {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): void {
    if (this.#held > 0 && this.#held + bytes > this.#most) {
      throw new Problem(429, "Too many requests at once. Try again later.", { "retry-after": "1" });
    }
    this.#held += bytes;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** The body as a JSON object, and how many of `held`'s bytes it took, which the caller gives back in the end. */
export async function readBody(
  request: IncomingMessage,
  most: number,
  held: HeldBytes,
  signal: AbortSignal,
): Promise<{ value: Record<string, unknown>; bytes: number }> {
  const type = request.headers["content-type"];
  if (type !== undefined && !/^(application\/([\w.-]+\+)?json|text\/plain)\b/i.test(type)) {
    throw new Problem(415, `Expected JSON but received ${type.slice(0, 100)}`);
  }
  if (Number(request.headers["content-length"]) > most) throw tooLarge(most);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Node's own limit of time ends with server.close(): a body that never comes would keep the server open.
  const cut = () => request.destroy();
  signal.addEventListener("abort", cut);
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      if (bytes + chunk.length > most) throw tooLarge(most);
      held.take(chunk.length);
      bytes += chunk.length;
      chunks.push(chunk);
    }
    return { value: parsed(Buffer.concat(chunks)), bytes };
  } catch (error) {
    held.give(bytes);
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

function tooLarge(most: number): Problem {
  // What is still to come is not read: the connection cannot be used again.
  return new Problem(
    413,
    `The body is larger than ${most} bytes. Send fewer or shorter documents.`,
    {
      connection: "close",
    },
  );
}

function parsed(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Problem(400, `The body is not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (isObject(value) && !Array.isArray(value)) return value;
  throw new Problem(422, "Expected a JSON object");
}
