// Who may ask: the key, the name by which the server is called, and pages of other origins.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { ServerSettings } from "./options.ts";
import { Problem } from "./problem.ts";

type Headers = IncomingMessage["headers"];

export class Access {
  readonly #key: Buffer | undefined;
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #origins: ReadonlySet<string>;

  constructor({ apiKey, host, hosts, cors }: ServerSettings) {
    this.#key = apiKey === undefined ? undefined : digest(apiKey);
    const bound = isLoopback(host) ? [] : undefined;
    const names = hosts ?? bound;
    this.#hosts = names && new Set(names.map((name) => name.toLowerCase()));
    this.#origins = new Set(cors);
  }

  checkKey({ authorization, "x-api-key": key }: Headers): void {
    if (this.#key === undefined) return;
    const given = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1] ?? key;
    // Digests have one length, whatever the keys have.
    if (typeof given === "string" && timingSafeEqual(digest(given), this.#key)) return;
    const problem = given === undefined ? "An API key is missing" : "The API key is wrong";
    throw new Problem(401, `${problem}: send it as "Authorization: Bearer KEY"`, {
      "www-authenticate": "Bearer",
    });
  }

  /** A page elsewhere can point a name of its own at this address, and would then read what it asks: names are checked. */
  checkHost({ host = "" }: Headers): void {
    if (this.#hosts === undefined) return;
    const name = host.toLowerCase().replace(/:\d+$/, "");
    const address = name.replace(/^\[(.*)\]$/, "$1");
    if (name === "localhost" || isIP(address) !== 0 || this.#hosts.has(name)) return;
    throw new Problem(
      403,
      `This server is not called ${JSON.stringify(name.slice(0, 100))}; name it with --allow-host`,
    );
  }

  /** The headers that let a page of another origin read the answer; a problem where it may not ask. */
  originHeaders({ origin, host }: Headers): Record<string, string> {
    if (origin === undefined || isSame(origin, host)) return {};
    if (this.#origins.has("*")) return { "access-control-allow-origin": "*" };
    if (this.#origins.has(origin)) return { "access-control-allow-origin": origin, vary: "origin" };
    throw new Problem(
      403,
      `Pages of ${JSON.stringify(origin.slice(0, 100))} may not ask; allow them with --cors`,
    );
  }
}

export const preflightHeaders = {
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, content-type, x-api-key, x-request-id",
  "access-control-max-age": "600",
};

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

function isSame(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.replace(/^https?:\/\//, "") === host;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
