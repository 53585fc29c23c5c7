// A hub on this machine: its API and small files on one port, large files behind a redirect to another, as real ones do it.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Repository {
  readonly commit: string;
  /** By path. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Other names of the commit than "main". */
  readonly revisions?: readonly string[];
  /** Who may read it; default: everybody. */
  readonly token?: string;
}

export interface Seen {
  readonly server: "hub" | "storage";
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** Answers in place of the server if it returns true. */
export type Fault = (
  request: Seen,
  response: ServerResponse,
  bytes: Uint8Array | undefined,
) => boolean;

/** Above this, files lie on the storage server. */
const largeBytes = 4096;

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
export const gitSha1 = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export class HubServer {
  readonly repositories = new Map<string, Repository>();
  readonly seen: Seen[] = [];
  /** Asked before every answer. */
  fault: Fault = () => false;
  /** Changes what the API lists. */
  list: (siblings: Record<string, unknown>[]) => unknown[] = (siblings) => siblings;
  endpoint = "";
  storage = "";
  readonly #hub: Server;
  readonly #storage: Server;

  constructor() {
    this.#hub = createServer((request, response) => this.#answer("hub", request, response));
    this.#storage = createServer((request, response) => this.#answer("storage", request, response));
  }

  async start(): Promise<this> {
    for (const server of [this.#hub, this.#storage]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    this.endpoint = origin(this.#hub);
    this.storage = origin(this.#storage);
    return this;
  }

  stop(): void {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      server.close();
    }
  }

  /** Requests for a file's bytes. */
  bodies(path: string): Seen[] {
    const large = [...this.repositories.values()]
      .map(({ files }) => files[path])
      .find((bytes) => bytes !== undefined && bytes.length > largeBytes);
    return large
      ? this.seen.filter(({ url }) => url.startsWith(`/blob/${sha256(large)}`))
      : this.seen.filter(({ url }) => /^\/api\/resolve-cache\//.test(url) && url.endsWith(path));
  }

  #answer(server: Seen["server"], request: IncomingMessage, response: ServerResponse): void {
    const seen = { server, url: decodeURIComponent(request.url!), headers: request.headers };
    this.seen.push(seen);
    const bytes = server === "storage" ? this.#blob(seen.url) : this.#small(seen.url);
    if (this.fault(seen, response, bytes)) return;
    if (bytes) sendBytes(seen, response, bytes);
    else if (server === "storage") refuse(response, 404);
    else this.#hubAnswer(seen, response);
  }

  #hubAnswer({ url, headers }: Seen, response: ServerResponse): void {
    const [, api, resolved] =
      /^\/api\/models\/([^/]+\/[^/]+)\/revision\/|^\/([^/]+\/[^/]+)\/resolve\//.exec(url) ?? [];
    const name = api ?? resolved ?? "";
    const repository = this.repositories.get(name);
    const allowed =
      repository?.token === undefined || headers.authorization === `Bearer ${repository.token}`;
    // Whether a repository is there is told only to who may read it.
    if (!repository || !allowed) {
      refuse(response, headers.authorization ? 404 : 401, "RepoNotFound");
    } else if (api !== undefined) this.#listing(url, repository, response);
    else this.#resolved(url, name, repository, response);
  }

  #resolved(url: string, name: string, repository: Repository, response: ServerResponse): void {
    const [, revision, path] = /\/resolve\/([^/]+)\/(.+)$/.exec(url) ?? [];
    const bytes = repository.files[path!];
    if (revision !== repository.commit || !bytes) {
      refuse(response, 404, "EntryNotFound");
      return;
    }
    const large = bytes.length > largeBytes;
    response.writeHead(large ? 302 : 307, {
      location: large
        ? `${this.storage}/blob/${sha256(bytes)}?signature=secret`
        : `/api/resolve-cache/models/${name}/${revision}/${path}`,
      "x-repo-commit": repository.commit,
    });
    response.end("redirected");
  }

  #listing(url: string, repository: Repository, response: ServerResponse): void {
    const revision = /\/revision\/([^?]+)\?blobs=true$/.exec(url)?.[1] ?? "";
    if (!["main", repository.commit, ...(repository.revisions ?? [])].includes(revision)) {
      refuse(response, 404, "RevisionNotFound");
      return;
    }
    const siblings = Object.entries(repository.files).map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitSha1(bytes),
      ...(bytes.length > largeBytes && {
        lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 },
      }),
    }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ sha: repository.commit, siblings: this.list(siblings) }));
  }

  #blob(url: string): Uint8Array | undefined {
    const all = [...this.repositories.values()].flatMap(({ files }) => Object.values(files));
    return all.find((bytes) => url.startsWith(`/blob/${sha256(bytes)}`));
  }

  #small(url: string): Uint8Array | undefined {
    const [, name, path] =
      /^\/api\/resolve-cache\/models\/([^/]+\/[^/]+)\/[^/]+\/(.+)$/.exec(url) ?? [];
    return this.repositories.get(name ?? "")?.files[path!];
  }
}

/** As a storage server does: ranges, an ETag, the length. */
export function sendBytes({ headers }: Seen, response: ServerResponse, bytes: Uint8Array): void {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const common = { etag: `"${sha256(bytes)}"`, "accept-ranges": "bytes" };
  if (start === 0) {
    response.writeHead(200, { ...common, "content-length": bytes.length }).end(bytes);
  } else if (start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
  } else {
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    const rest = bytes.subarray(start);
    const head = { ...common, "content-range": range, "content-length": rest.length };
    response.writeHead(206, head).end(rest);
  }
}

/** Sends so many bytes of what it promises, then drops the connection; a client may not see the last of them. */
export function sendCut(
  { headers }: Seen,
  response: ServerResponse,
  bytes: Uint8Array,
  most: number,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
  const rest = bytes.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    "content-length": rest.length,
    ...(start > 0 && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.write(rest.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
}

export function refuse(response: ServerResponse, status: number, code?: string): void {
  response.writeHead(status, code === undefined ? {} : { "x-error-code": code }).end("refused");
}

function origin(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
