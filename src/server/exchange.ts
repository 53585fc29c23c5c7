// One request and its answer: what a route is given, and how answers go out.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Fields } from "./fields.ts";
import type { ErrorShape } from "./problem.ts";

/** What a route tells the log of its work. */
export interface Work {
  documents?: number;
  relevant?: number;
  tokens?: number;
}

export class Exchange {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborted when the client leaves, or the server's time is up. */
  readonly signal: AbortSignal;
  /** Aborted when the client leaves, and only then. */
  readonly #gone: AbortSignal;
  readonly work: Work = {};
  /** How a problem is told; a path that two protocols share decides by what it was sent. */
  errors: ErrorShape;
  readonly #body: () => Promise<Record<string, unknown>>;
  readonly #timeout: number;

  constructor(parts: {
    id: string;
    request: IncomingMessage;
    response: ServerResponse;
    signal: AbortSignal;
    gone: AbortSignal;
    errors: ErrorShape;
    body: () => Promise<Record<string, unknown>>;
    timeout: number;
  }) {
    this.id = parts.id;
    this.request = parts.request;
    this.response = parts.response;
    this.signal = parts.signal;
    this.#gone = parts.gone;
    this.errors = parts.errors;
    this.#body = parts.body;
    this.#timeout = parts.timeout;
  }

  async fields(): Promise<Fields> {
    return new Fields(await this.#body());
  }

  accepts(type: string): boolean {
    return this.request.headers.accept?.includes(type) ?? false;
  }

  async json(value: object, status = 200): Promise<void> {
    await this.send(JSON.stringify(value), "application/json", status);
  }

  async send(text: string, type: string, status = 200): Promise<void> {
    const { response } = this;
    const bytes = Buffer.from(text);
    response.writeHead(status, { "content-type": type, "content-length": bytes.length });
    await this.#within((signal) => {
      response.end(this.request.method === "HEAD" ? undefined : bytes);
      return response.writableFinished ? undefined : once(response, "finish", { signal });
    });
  }

  /** A part of an answer that goes out in parts; waits until the client has taken enough of it. */
  async write(text: string): Promise<void> {
    const { response } = this;
    await this.#within((signal) =>
      response.write(text) ? undefined : once(response, "drain", { signal }),
    );
  }

  /** A client that does not take its answer is cut off: it would hold memory for as long as it likes. */
  async #within(write: (signal: AbortSignal) => Promise<unknown> | undefined): Promise<void> {
    // A client that has left already is not heard of again: the wait would have no end.
    if (this.response.destroyed || this.#gone.aborted) return;
    const waiting = new AbortController();
    const leave = () => waiting.abort();
    const timer = setTimeout(() => {
      this.response.destroy();
      // A response that waits behind another one has no connection yet to end.
      this.request.socket?.destroy();
    }, this.#timeout);
    this.response.once("close", leave);
    this.#gone.addEventListener("abort", leave);
    try {
      await write(waiting.signal);
    } catch {
      // The client has left; `signal` stops the work.
    } finally {
      clearTimeout(timer);
      this.response.off("close", leave);
      this.#gone.removeEventListener("abort", leave);
    }
  }
}

/** A path, and what it does. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly errors: ErrorShape;
  /** Answered without the key, and while the server is closing. */
  readonly open?: boolean;
  handle(exchange: Exchange): Promise<void>;
}
