// Requests to a hub. Redirects are followed here, not by fetch, so that only the hub's own origin gets the token.
import { reasonOf } from "../../base/reason.ts";
import { downloadFailed, TemporaryFailure } from "./errors.ts";
import type { HubSettings } from "./settings.ts";
import { failureOf, shownUrl } from "./status.ts";
import { Watch } from "./watch.ts";

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
  /** A server that is silent for this long is given up. */
  readonly idleMs: number;
}

/** A response's body, in pieces. */
export type Body = AsyncIterable<Uint8Array>;

const maxRedirects = 5;
const redirects = [301, 302, 303, 307, 308];
/** The file, a part of it, or no such part. */
const answers = [200, 206, 416];

/** Gets `url` and passes the body to `read`. */
export async function get<T>(
  url: URL,
  hub: Pick<HubSettings, "endpoint" | "token">,
  options: RequestOptions,
  read: (response: Response, body: Body) => Promise<T>,
): Promise<T> {
  const watch = new Watch(options.signal, options.idleMs);
  let response: Response | undefined;
  try {
    const found = await follow(url, hub, options.headers ?? {}, watch);
    response = found.response;
    if (!answers.includes(response.status)) throw failureOf(response, found.url, hub);
    return await read(response, bodyOf(response, found.url, watch));
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    watch.end();
    // An unread body would hold the connection.
    if (!response?.body?.locked) await response?.body?.cancel().catch(() => {});
  }
}

async function follow(
  start: URL,
  hub: Pick<HubSettings, "endpoint" | "token">,
  headers: Readonly<Record<string, string>>,
  watch: Watch,
): Promise<{ response: Response; url: URL }> {
  const home = new URL(hub.endpoint);
  let url = start;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const authorized = hub.token !== undefined && url.origin === home.origin;
    const response = await request(url, watch, {
      // A compressed body has another length than the file, and cannot be resumed.
      ...{ "user-agent": "qrag", "accept-encoding": "identity" },
      ...headers,
      ...(authorized && { authorization: `Bearer ${hub.token}` }),
    });
    watch.alive();
    if (!redirects.includes(response.status)) return { response, url };
    const location = response.headers.get("location");
    await response.body?.cancel();
    url = redirected(url, location, home);
  }
  throw downloadFailed(`${shownUrl(start)} is redirected more than ${maxRedirects} times`);
}

async function request(url: URL, watch: Watch, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, { redirect: "manual", headers, signal: watch.signal });
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

function redirected(from: URL, location: string | null, home: URL): URL {
  const to = location && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const allowed = home.protocol === "http:" ? ["http:", "https:"] : ["https:"];
  if (to && allowed.includes(to.protocol) && !to.username && !to.password) return to;
  const where = to ? `${to.protocol}//${to.host}` : "nowhere";
  throw downloadFailed(`${shownUrl(from)} is redirected to ${where}, which is not followed`);
}

async function* bodyOf(response: Response, url: URL, watch: Watch): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of response.body ?? []) {
      watch.alive();
      yield bytes;
    }
  } catch (cause) {
    throw unreachable(url, cause);
  }
}

function unreachable(url: URL, cause: unknown): TemporaryFailure {
  const message =
    `${shownUrl(url)} could not be read: ${reasonOf(cause)}. Check the connection and try again: ` +
    "anything downloaded so far is kept";
  return new TemporaryFailure(downloadFailed(message, cause));
}
