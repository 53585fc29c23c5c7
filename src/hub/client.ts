// The two requests that a hub is sent: for the list of a repository's files, and for the bytes of one.
import { downloadFailed } from "./errors.ts";
import { type Body, get } from "./http.ts";
import { type HubFile, type Listing, parseListing } from "./listing.ts";
import { type HubReference, isCommit } from "./reference.ts";
import { type Pauses, withRetries } from "./retry.ts";
import type { HubSettings } from "./settings.ts";
import { shownUrl } from "./status.ts";

export interface Patience extends Pauses {
  /** A server that is silent for this long is given up. */
  readonly idleMs: number;
}

export const usualPatience: Patience = { firstMs: 500, longestMs: 120_000, idleMs: 60_000 };

/** Repositories with ten thousand files have lists of a few megabytes. */
const maxListingBytes = 16 * 1024 * 1024;

/** Without a network the error should come soon; a file that is half downloaded is worth more patience. */
const attempts = { list: 3, file: 6 } as const;

type Repository = Pick<HubReference, "owner" | "repo">;

export class HubClient {
  readonly #hub: Pick<HubSettings, "endpoint" | "token">;
  readonly #patience: Patience;

  constructor(hub: Pick<HubSettings, "endpoint" | "token">, patience = usualPatience) {
    this.#hub = hub;
    this.#patience = patience;
  }

  async list(reference: HubReference, signal: AbortSignal | undefined): Promise<Listing> {
    const { owner, repo, revision } = reference;
    const url = this.#url("api", "models", owner, repo, "revision", revision);
    url.search = "blobs=true";
    const source = shownUrl(url);
    const { idleMs } = this.#patience;
    const text = await withRetries(
      () => get(url, this.#hub, { signal, idleMs }, (_, body) => textOf(body, source)),
      { attempts: attempts.list, pauses: this.#patience, signal },
    );
    const listing = parseListing(text, source);
    if (!isCommit(revision) || listing.commit === revision) return listing;
    throw downloadFailed(
      `${source} answered with the commit ${listing.commit}, not the one that was asked for`,
    );
  }

  /** Passes the bytes of a file to `read`, from `start` on if the server can do that. */
  file<T>(
    { owner, repo }: Repository,
    commit: string,
    { path }: HubFile,
    { start, signal }: { readonly start: number; readonly signal: AbortSignal | undefined },
    read: (response: Response, body: Body, source: string) => Promise<T>,
  ): Promise<T> {
    const url = this.#url(owner, repo, "resolve", commit, ...path.split("/"));
    const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    const { idleMs } = this.#patience;
    return get(url, this.#hub, { headers, signal, idleMs }, (response, body) =>
      read(response, body, shownUrl(url)),
    );
  }

  /** Retries `run`, which downloads a file; `position` says how many bytes are done. */
  attempting(
    signal: AbortSignal | undefined,
    position: () => number,
    run: () => Promise<void>,
  ): Promise<void> {
    return withRetries(run, { attempts: attempts.file, pauses: this.#patience, signal, position });
  }

  #url(...parts: string[]): URL {
    return new URL(`${this.#hub.endpoint}/${parts.map(encodeURIComponent).join("/")}`);
  }
}

async function textOf(body: Body, source: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of body) {
    length += bytes.length;
    if (length > maxListingBytes) {
      throw downloadFailed(`${source} answered with more than ${maxListingBytes} bytes`);
    }
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString();
}
