// What an HTTP error means, and what to do about it.
import { downloadFailed, TemporaryFailure } from "./errors.ts";
import type { HubSettings } from "./settings.ts";

/** For messages: without the query, which may hold a signature. */
export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

export function failureOf(
  { status, headers }: Response,
  url: URL,
  { endpoint, token }: Pick<HubSettings, "endpoint" | "token">,
): Error {
  const failed = (advice: string) =>
    downloadFailed(`${shownUrl(url)} answered ${status}: ${advice}`);
  if (status === 429) {
    const pauseMs = pauseOf(headers);
    const long = pauseMs === undefined ? "a while" : `${Math.ceil(pauseMs / 1000)} s`;
    const hint = token === undefined ? ". HF_TOKEN raises the limit" : "";
    return new TemporaryFailure(
      failed(
        `too many requests. Wait ${long} and try again: anything downloaded so far is kept${hint}`,
      ),
      pauseMs,
    );
  }
  if (status >= 500 || status === 408) {
    const again = failed("the server failed. Try again later: anything downloaded so far is kept");
    return new TemporaryFailure(again, pauseOf(headers));
  }
  // Links to a storage server expire; the hub gives a new one.
  if (url.origin !== new URL(endpoint).origin) {
    return new TemporaryFailure(failed("the storage server refused the request. Try again"));
  }
  return failed(adviceFor(status, headers, token !== undefined));
}

function adviceFor(status: number, headers: Headers, hasToken: boolean): string {
  const revision = headers.get("x-error-code") === "RevisionNotFound";
  switch (status) {
    case 401:
      return hasToken
        ? "HF_TOKEN is not valid, or there is no such repository. Check both"
        : "there is no such repository, or it is not public. Check the name; if the repository is private or gated, set HF_TOKEN";
    case 403:
      return hasToken
        ? "accept the licence on the repository's page, or use a token that may read it"
        : "accept the licence on the repository's page, and set HF_TOKEN to a token of that account";
    case 404:
      return revision
        ? "the repository has no such revision. Check what stands behind the @"
        : "there is no such repository or file. Check the name";
    default:
      return "the request was refused";
  }
}

/** Retry-After in seconds or as a date, or the reset of the hub's own RateLimit header. */
function pauseOf(headers: Headers): number | undefined {
  const after = headers.get("retry-after")?.trim();
  if (after && /^\d{1,9}$/.test(after)) return Number(after) * 1000;
  const date = after ? Date.parse(after) : Number.NaN;
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now());
  const reset = /(?:^|;)\s*t=(\d{1,9})\b/.exec(headers.get("ratelimit") ?? "")?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}
