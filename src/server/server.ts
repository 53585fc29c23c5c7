// serveGate: a gate behind HTTP, on Node's own server.
/// <reference lib="esnext.disposable" preserve="true" />

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { QragError } from "../../base/errors.ts";
import { packageVersion } from "../../base/package_root.ts";
import { asyncDispose } from "../async_dispose.ts";
import type { Gate } from "../gate.ts";
import { Access } from "./access.ts";
import { Admission } from "./admission.ts";
import { HeldBytes } from "./body.ts";
import { Embedding } from "./embedding.ts";
import { Judging } from "./judging.ts";
import { Metrics } from "./metrics.ts";
import {
  checkGate,
  checkServerOptions,
  type ServerOptions,
  type ServerSettings,
} from "./options.ts";
import { Requests } from "./requests.ts";
import { routesOf } from "./routes.ts";

/** So many of the largest bodies are held at once. */
const heldBodies = 16;

/** Starts to listen. The gate, and what else it is given, stays the caller's: close the server first, then dispose it. */
export async function serveGate(gate: Gate, options?: ServerOptions): Promise<GateServer> {
  const settings = checkServerOptions(options);
  const server = new GateServer(checkGate(gate), settings);
  await server.listen();
  return server;
}

export class GateServer {
  readonly #settings: ServerSettings;
  readonly #server: Server;
  readonly #requests: Requests;
  #closing: Promise<void> | undefined;

  /** Use `serveGate`. */
  constructor(gate: Gate, settings: ServerSettings) {
    this.#settings = settings;
    const metrics = new Metrics();
    const admission = new Admission(settings);
    const judging = new Judging(gate, admission, metrics);
    const { embedder, store } = settings;
    const embedding = embedder && new Embedding(embedder, admission, metrics);
    const closing = () => this.#closing !== undefined;
    const started = Math.floor(Date.now() / 1000);
    const version = packageVersion();
    this.#requests = new Requests({
      routes: routesOf({
        judging,
        embedding,
        store,
        admission,
        metrics,
        settings,
        version,
        started,
        closing,
      }),
      access: new Access(settings),
      held: new HeldBytes(heldBodies * settings.maxBody),
      metrics,
      settings,
      closing,
    });
    const { timeout } = settings;
    const limits = {
      requestTimeout: timeout,
      headersTimeout: Math.min(timeout, 10_000),
      connectionsCheckingInterval: Math.min(timeout, 1000),
    };
    this.#server = createServer(limits, (request: IncomingMessage, response: ServerResponse) => {
      void this.#requests.handle(request, response);
    });
    // Each pipelined request listens to its connection.
    this.#server.on("connection", (socket) => socket.setMaxListeners(0));
  }

  /** Where it listens, "http://127.0.0.1:5757". */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  listen(): Promise<void> {
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const message = `The server cannot listen on ${host}:${port}: ${cause.message}`;
        reject(new QragError("LISTEN_FAILED", message, { cause }));
      });
      this.#server.listen(port, host, resolve);
    });
  }

  /** Takes no more requests and finishes those it took, within the grace. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await this.#requests.ended(this.#settings.grace);
    this.#server.closeAllConnections();
    await closed;
  }
}
