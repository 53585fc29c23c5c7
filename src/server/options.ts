// The options of a server, checked.
import {
  type Check,
  type Checks,
  callable,
  checkedBy,
  choice,
  count,
  isObject,
  refuse,
  someText,
} from "../checks.ts";
import type { Embedder, EmbedderInfo } from "../embedder.ts";
import { limits } from "../options.ts";
import type { Store } from "../store/store.ts";
import type { LogEntry } from "./log.ts";

/** What a server needs of an embedder: `loadEmbedder` gives one. */
export interface ServerEmbedder extends Pick<Embedder, "stream"> {
  readonly info: Pick<EmbedderInfo, "name" | "path">;
}

/** What a server needs of a store: `openStore` gives one. */
export type ServerStore = Pick<Store, "search">;

export interface ServerOptions {
  /** Answers /embed and /v1/embeddings. It stays the caller's, who disposes it after the server is closed. */
  readonly embedder?: ServerEmbedder | undefined;
  /** Answers /search; the server's gate judges. It stays the caller's, too. */
  readonly store?: ServerStore | undefined;
  /** Default "127.0.0.1": this machine only. */
  readonly host?: string | undefined;
  /** Default 5757; 0 takes any free one. */
  readonly port?: number | undefined;
  /** What clients have to send as a bearer token. Default: none is asked for. */
  readonly apiKey?: string | undefined;
  /** Origins whose pages may call, or "*". Default: none. */
  readonly cors?: readonly string[] | undefined;
  /** Names by which the server is reached, beside addresses and localhost. Default: any, unless it is bound to this machine only. */
  readonly hosts?: readonly string[] | undefined;
  /** Bytes of a request's body. Default 4 MiB. */
  readonly maxBody?: number | undefined;
  /** Documents of a request. Default 1,000. */
  readonly maxDocuments?: number | undefined;
  /** Documents that wait or are worked on, of all requests together; more are turned away with 429. Default 10,000. */
  readonly maxQueue?: number | undefined;
  /** Milliseconds a client has to send its request, and to take each part of the answer. Default 30,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds that accepted requests may take when the server is closed. Default 30,000. */
  readonly grace?: number | undefined;
  /** Whether `/` is a page to try it. Default true. */
  readonly page?: boolean | undefined;
  /** Called for every request when it has ended. Default: nothing is logged. */
  readonly log?: ((entry: LogEntry) => void) | undefined;
}

export type ServerSettings = {
  readonly [K in keyof ServerOptions]-?: K extends "embedder" | "store" | "apiKey" | "hosts" | "log"
    ? ServerOptions[K]
    : Exclude<ServerOptions[K], undefined>;
};

const texts: Check<readonly string[]> = (value, name) =>
  Array.isArray(value) && value.every((each) => typeof each === "string" && each !== "")
    ? value
    : refuse("an array of strings", name, value);

const port: Check<number> = (value, name) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
    ? (value as number)
    : refuse("a port from 0 to 65535", name, value);

const milliseconds = count(24 * 60 * 60 * 1000);

const embedder: Check<ServerEmbedder> = (value, name) =>
  isObject(value) && isObject(value.info) && typeof value.stream === "function"
    ? (value as unknown as ServerEmbedder)
    : refuse("an embedder", name, value);

const store: Check<ServerStore> = (value, name) =>
  isObject(value) && typeof value.search === "function"
    ? (value as unknown as ServerStore)
    : refuse("a store", name, value);

const checks: Checks<ServerOptions> = {
  embedder,
  store,
  host: someText,
  port,
  apiKey: someText,
  cors: texts,
  hosts: texts,
  maxBody: count(1024 * 1024 * 1024),
  maxDocuments: count(limits.passages),
  maxQueue: count(limits.passages),
  timeout: milliseconds,
  grace: milliseconds,
  page: choice(true, false),
  log: callable<(entry: LogEntry) => void>(),
};

const defaults = {
  embedder: undefined,
  store: undefined,
  host: "127.0.0.1",
  port: 5757,
  apiKey: undefined,
  cors: [],
  hosts: undefined,
  maxBody: 4 * 1024 * 1024,
  maxDocuments: 1000,
  maxQueue: 10_000,
  timeout: 30_000,
  grace: 30_000,
  page: true,
  log: undefined,
} satisfies ServerSettings;

export function checkServerOptions(options: ServerOptions | undefined): ServerSettings {
  return { ...defaults, ...checkedBy(checks, "serveGate", options) } as ServerSettings;
}

/** What a server needs of a gate. */
export function checkGate<G>(gate: G): G {
  return isObject(gate) && typeof gate.stream === "function"
    ? gate
    : refuse("a gate", "gate", gate);
}
