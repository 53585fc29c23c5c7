// The way of a request: who asks, which route, its body, its answer or problem, and what is noted of it.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Access, preflightHeaders } from "./access.ts";
import { type HeldBytes, readBody } from "./body.ts";
import { Exchange, type Route } from "./exchange.ts";
import type { LogEntry } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerSettings } from "./options.ts";
import { closing as closingProblem, Problem, problemOf, sharedError, teiError } from "./problem.ts";

export interface RequestParts {
  readonly routes: readonly Route[];
  readonly access: Access;
  readonly held: HeldBytes;
  readonly metrics: Metrics;
  readonly settings: ServerSettings;
  readonly closing: () => boolean;
}

/** What a status is where there was nobody to send one to. */
const clientLeft = 499;

export class Requests {
  readonly #parts: RequestParts;
  /** By path, then by method. */
  readonly #routes = new Map<string, Map<string, Route>>();
  readonly #running = new Map<Promise<void>, AbortController>();

  constructor(parts: RequestParts) {
    this.#parts = parts;
    for (const route of parts.routes) {
      const methods = this.#routes.get(route.path) ?? new Map<string, Route>();
      methods.set(route.method, route);
      this.#routes.set(route.path, methods);
    }
  }

  /** Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stop = new AbortController();
    const running = this.#answer(request, response, stop).finally(() => {
      this.#running.delete(running);
    });
    this.#running.set(running, stop);
    return running;
  }

  /** Waits for the requests that were taken; those that are not done in time are aborted. */
  async ended(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const stop of this.#running.values()) stop.abort(closingProblem());
    }, milliseconds);
    while (this.#running.size > 0) await Promise.all(this.#running.keys());
    clearTimeout(timer);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    stop: AbortController,
  ): Promise<void> {
    const time = new Date();
    const start = performance.now();
    const path = (request.url ?? "/").split("?", 1)[0]!;
    const id = idOf(request);
    let heldBytes = 0;
    // Kept: a request that is destroyed forgets its connection.
    const { socket } = request;
    const gone = new AbortController();
    const exchange = new Exchange({
      id,
      request,
      response,
      signal: stop.signal,
      gone: gone.signal,
      errors: path.startsWith("/v") ? sharedError : teiError,
      timeout: this.#parts.settings.timeout,
      body: async () => {
        const { value, bytes } = await readBody(
          request,
          this.#parts.settings.maxBody,
          this.#parts.held,
          stop.signal,
        );
        heldBytes = bytes;
        return value;
      },
    });
    response.setHeader("x-request-id", id);
    response.on("error", () => {});
    let left = false;
    const leave = () => {
      left = !response.writableFinished;
      stop.abort(new Problem(408, "The client has left"));
      gone.abort();
    };
    response.once("close", leave);
    // A response that waits behind another one (pipelining) is not told that its connection has ended.
    socket.once("close", leave);
    let problem: string | undefined;
    let name = "unknown";
    try {
      this.#admit(request, response);
      const route = this.#routeOf(request, path, exchange);
      name = route?.path ?? "preflight";
      await (route ? this.#run(route, exchange) : this.#preflight(exchange));
    } catch (error) {
      problem = await this.#tell(error, exchange);
    } finally {
      socket.off("close", leave);
      this.#parts.held.give(heldBytes);
    }
    const milliseconds = performance.now() - start;
    const status = left ? clientLeft : response.statusCode;
    this.#parts.metrics.ended(name, status, milliseconds / 1000);
    this.#log({
      time: time.toISOString(),
      id,
      method: request.method ?? "",
      path: path.slice(0, 200),
      status,
      milliseconds: Math.round(milliseconds * 1000) / 1000,
      ...exchange.work,
      ...(problem !== undefined && { problem }),
    });
  }

  /** A log of the operator's that fails must not end the process. */
  #log(entry: LogEntry): void {
    try {
      this.#parts.settings.log?.(entry);
    } catch (error) {
      process.emitWarning(`The log of serveGate failed: ${(error as Error)?.message ?? error}`);
    }
  }

  /** Names and origins are checked for every path: a problem may be read by nobody either. */
  #admit({ headers }: IncomingMessage, response: ServerResponse): void {
    const { access, closing } = this.#parts;
    access.checkHost(headers);
    for (const [name, value] of Object.entries(access.originHeaders(headers))) {
      response.setHeader(name, value);
    }
    if (closing()) response.setHeader("connection", "close");
  }

  /** The route of a request; none for the question of a browser whether it may ask. */
  #routeOf(
    { method = "", headers }: IncomingMessage,
    path: string,
    exchange: Exchange,
  ): Route | undefined {
    const methods = this.#routes.get(path);
    if (!methods) throw new Problem(404, `There is no ${JSON.stringify(path.slice(0, 200))} here`);
    const [any] = methods.values();
    exchange.errors = any!.errors;
    if (method === "OPTIONS" && headers.origin !== undefined) return undefined;
    const route = methods.get(method === "HEAD" ? "GET" : method);
    if (route) return route;
    const allowed = [...methods.keys()].join(", ");
    throw new Problem(405, `${path} takes ${allowed}`, { allow: allowed });
  }

  async #run(route: Route, exchange: Exchange): Promise<void> {
    if (!route.open) {
      if (this.#parts.closing()) throw closingProblem();
      this.#parts.access.checkKey(exchange.request.headers);
    }
    await route.handle(exchange);
  }

  async #preflight({ response }: Exchange): Promise<void> {
    response.writeHead(204, preflightHeaders).end();
  }

  /** Sends a problem where that is still possible; what it was, for the log. */
  async #tell(error: unknown, exchange: Exchange): Promise<string> {
    const problem = problemOf(exchange.signal.aborted ? exchange.signal.reason : error);
    const { response } = exchange;
    if (response.headersSent) response.destroy();
    else {
      for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
      await exchange.json(exchange.errors(problem), problem.status);
    }
    // The log is the operator's: it says what the answer does not.
    return problem.status === 500 && error instanceof Error
      ? (error.stack ?? error.message)
      : problem.message;
  }
}

/** The client's own id where it is one that a log can hold. */
function idOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\w.:-]{1,100}$/.test(given) ? given : randomUUID();
}
