import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HubClient, type Patience } from "../../src/hub/client.ts";
import { downloadFile } from "../../src/hub/download.ts";
import type { HubFile } from "../../src/hub/listing.ts";
import { parseReference } from "../../src/hub/reference.ts";
import { type Fault, HubServer, refuse, type Seen, sendBytes, sendCut } from "./hub_server.ts";

const commit = "c".repeat(40);
const large = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) >> 3);
const small = Buffer.from('{"some": "configuration"}');
const reference = parseReference("hf:owner/repo");
const patience: Patience = { firstMs: 1, longestMs: 1000, idleMs: 5000 };

let server: HubServer;
let folder: string;
const target = () => join(folder, "file");

beforeEach(async () => {
  server = await new HubServer().start();
  const files = { "large.bin": large, "small.json": small };
  server.repositories.set("owner/repo", { commit, files, revisions: ["v1.0", "refs/pr/7"] });
  folder = await mkdtemp(join(tmpdir(), "qrag-download-"));
});
afterEach(async () => {
  server.stop();
  await rm(folder, { recursive: true });
});

interface Setting {
  readonly token?: string;
  readonly endpoint?: string;
  readonly signal?: AbortSignal;
  readonly patience?: Patience;
  readonly onBytes?: (bytes: number) => void;
  /** Changes what was listed. */
  readonly listed?: Partial<HubFile>;
}

function client({ token, endpoint = server.endpoint, patience: own = patience }: Setting = {}) {
  return new HubClient({ endpoint, token }, own);
}

async function download(path: string, setting: Setting = {}): Promise<number> {
  const { signal, onBytes = () => {} } = setting;
  const listing = await client(setting).list(reference, signal);
  const file = { ...listing.files.get(path)!, ...setting.listed };
  return downloadFile(file, target(), {
    ...{ client: client(setting), repository: reference, commit, signal, onBytes },
  });
}

const startOf = ({ range }: Seen["headers"]) =>
  Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);

/** A fault that happens to requests of large files only, so many times. */
function times(count: number, fault: Fault): Fault {
  let left = count;
  return (request, response, bytes) =>
    request.server === "storage" && left-- > 0 && fault(request, response, bytes);
}

const cut =
  (most: number): Fault =>
  (request, response, bytes) => {
    sendCut(request, response, bytes!, most);
    return true;
  };

const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  (_, response) => {
    response.writeHead(code, headers).end("no");
    return true;
  };

describe("listing", () => {
  it("resolves branches, tags and commits, and knows each file's size and digest", async () => {
    for (const revision of ["main", "v1.0", "refs/pr/7", commit]) {
      const listing = await client().list({ ...reference, revision }, undefined);
      expect(listing.commit).toBe(commit);
      expect(listing.files.get("large.bin")).toMatchObject({
        size: large.length,
        digest: { algorithm: "sha256" },
      });
      expect(listing.files.get("small.json")?.digest.algorithm).toBe("git-sha1");
    }
  });

  it.each([
    ["no such repository", "hf:owner/none", undefined, /none.* 401: .*Check the name.*HF_TOKEN/],
    ["no such repository for this token", "hf:owner/none", "t", / 404: .*Check the name/],
    ["no such revision", "hf:owner/repo@v2", undefined, / 404: .*no such revision/],
  ])("says that there is %s", async (_, name, token, message) => {
    const work = client(token ? { token } : {}).list(parseReference(name), undefined);
    await expect(work).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    await expect(work).rejects.toThrow(message);
  });

  it.each([
    [403, {}, /403: accept the licence .*HF_TOKEN/],
    [451, {}, /451: the request was refused/],
    [429, { "retry-after": "7200" }, /429: too many requests\. Wait 7200 s/],
    [429, { ratelimit: '"api";r=0;t=234' }, /Wait 234 s/],
    [503, {}, /503: the server failed/],
  ])("ends at %d, with what to do", async (code, headers, message) => {
    server.fault = status(code, headers);
    const work = client().list(reference, undefined);
    await expect(work).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    await expect(work).rejects.toThrow(message);
  });

  it("waits as a server asks before it comes again", async () => {
    let first = true;
    server.fault = (_, response) => {
      if (!first) return false;
      first = false;
      response.writeHead(429, { "retry-after": "0" }).end();
      return true;
    };
    // Its own pause would be longer than it is ready to wait.
    const impatient = { ...patience, firstMs: 10_000, longestMs: 1 };
    const listing = await client({ patience: impatient }).list(reference, undefined);
    expect(listing.commit).toBe(commit);
    expect(server.seen.length).toBe(2);
  });

  it.each([
    ["is no JSON", "<html>", /did not answer with a list of files/],
    ["has no commit", "{}", /did not answer with a list/],
    [
      "has no digests",
      JSON.stringify({ sha: commit, siblings: [{ rfilename: "model.gguf" }] }),
      /no sizes and digests/,
    ],
    ["is endless", " ".repeat(17 * 1024 * 1024), /more than 16777216 bytes/],
  ])("refuses an answer that %s", async (_, text, message) => {
    server.fault = (_request, response) => {
      response.end(text);
      return true;
    };
    await expect(client().list(reference, undefined)).rejects.toThrow(message);
  });

  it("says that nobody answers", async () => {
    const { endpoint } = server;
    server.stop();
    const work = client({ endpoint }).list(reference, undefined);
    await expect(work).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    await expect(work).rejects.toThrow(/could not be read: .*ECONNREFUSED.*Check the connection/);
  });
});

describe("the token", () => {
  it("goes to the hub, and not to the server that it redirects to", async () => {
    server.repositories.set("owner/repo", { commit, files: { "large.bin": large }, token: "tok" });
    await download("large.bin", { token: "tok" });
    const of = (name: string) => server.seen.filter((seen) => seen.server === name);
    expect(of("hub").map(({ headers }) => headers.authorization)).toEqual([
      "Bearer tok",
      "Bearer tok",
    ]);
    expect(of("storage").length).toBe(1);
    expect(of("storage")[0]!.headers).not.toHaveProperty("authorization");
  });

  it("goes along within the hub", async () => {
    await download("small.json", { token: "tok" });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill("Bearer tok"),
    );
  });

  it("is in no message", async () => {
    server.fault = status(401);
    await expect(client({ token: "hf_secret" }).list(reference, undefined)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hf_secret") }),
    );
  });
});

describe("redirects", () => {
  const to = (location: string) => {
    server.fault = (request, response) => {
      if (request.server === "storage") return false;
      response.writeHead(302, { location }).end();
      return true;
    };
    return client().list(reference, undefined);
  };

  it.each([
    ["in a circle", "/round", /redirected more than 5 times/],
    ["to a file", "file:///etc/passwd", /redirected to file:/],
    ["with a password", "http://user:secret@localhost/", /redirected to http:\/\/localhost, which/],
    ["to nowhere", "http://", /redirected to nowhere/],
  ])("%s are not followed", async (_, location, message) => {
    await expect(to(location)).rejects.toThrow(message);
  });
});

describe("a hub on https", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is not left for http, with or without a token", async () => {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (url: URL) => {
      asked.push(url.href);
      return new Response(null, { status: 302, headers: { location: "http://hub.test/x" } });
    });
    const work = client({ endpoint: "https://hub.test" }).list(reference, undefined);
    await expect(work).rejects.toThrow(/redirected to http:\/\/hub\.test, which is not followed/);
    expect(asked).toEqual(["https://hub.test/api/models/owner/repo/revision/main?blobs=true"]);
  });
});

describe("a download", () => {
  it.each([
    ["large.bin", large],
    ["small.json", small],
  ])("of %s has the listed bytes, and says how far it is", async (path, bytes) => {
    const seen: number[] = [];
    expect(await download(path, { onBytes: (done) => seen.push(done) })).toBe(bytes.length);
    expect(Buffer.compare(await readFile(target()), bytes)).toBe(0);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(bytes.length);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("is not repeated when the file is there, unless a byte of it is wrong", async () => {
    await writeFile(target(), large);
    expect(await download("large.bin")).toBe(0);
    await writeFile(target(), large.with(9, large[9]! ^ 1));
    expect(await download("large.bin")).toBe(large.length);
    expect(Buffer.compare(await readFile(target()), large)).toBe(0);
  });

  it("goes on where the connection was dropped", async () => {
    server.fault = times(2, cut(1_000_000));
    expect(await download("large.bin")).toBe(large.length);
    expect(Buffer.compare(await readFile(target()), large)).toBe(0);
    const starts = server.bodies("large.bin").map(({ headers }) => startOf(headers));
    expect(starts.length).toBe(3);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
    expect(starts[2]).toBeGreaterThan(starts[1]!);
  });

  it("goes on in a later process where an earlier one ended", async () => {
    server.fault = (request, response, bytes) =>
      request.server === "storage" && cut(50_000)(request, response, bytes);
    const work = download("large.bin");
    await expect(work).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    // However often the connection is dropped, it ends.
    expect(server.bodies("large.bin").length).toBe(6);
    expect(await readdir(folder)).toEqual(["file.part"]);
    const { length } = await readFile(join(folder, "file.part"));
    expect(length).toBeGreaterThan(0);
    server.fault = () => false;
    expect(await download("large.bin")).toBe(large.length - length);
    expect(Buffer.compare(await readFile(target()), large)).toBe(0);
  });

  it("ends well on a line that breaks often, as long as it gets on", async () => {
    const longer = Uint8Array.from({ length: 12_000_000 }, (_, index) => index >> 4);
    const files = { "large.bin": longer };
    server.repositories.set("owner/repo", { commit, files });
    server.fault = times(9, cut(1_200_000));
    await download("large.bin");
    expect(Buffer.compare(await readFile(target()), longer)).toBe(0);
  });

  it.each([500, 502, 503, 429, 403])("tries again after a storage server's %d", async (code) => {
    server.fault = times(1, status(code));
    await download("large.bin");
    // Each time by the hub, whose links hold for a time only.
    expect(server.seen.filter(({ url }) => url.includes("/resolve/")).length).toBe(2);
  });

  it("begins again where a server knows no ranges", async () => {
    await writeFile(join(folder, "file.part"), large.subarray(0, 1_000_000));
    server.fault = (request, response, bytes) => {
      if (request.server === "hub") return false;
      sendBytes({ ...request, headers: {} }, response, bytes!);
      return true;
    };
    expect(await download("large.bin")).toBe(large.length);
    expect(Buffer.compare(await readFile(target()), large)).toBe(0);
  });

  it.each([
    ["another range", 206, { "content-range": "bytes 5-9/3000000" }],
    ["a range of another file", 206, { "content-range": "bytes 1000000-2000000/2000001" }],
    ["no range", 206, {}],
    ["the word that there is no such range", 416, {}],
  ])("begins again when it is given %s", async (_, code, headers) => {
    await writeFile(join(folder, "file.part"), large.subarray(0, 1_000_000));
    server.fault = times(1, status(code, headers));
    expect(await download("large.bin")).toBe(large.length);
  });

  it("keeps what it has when a captive portal answers with a page of its own", async () => {
    await writeFile(join(folder, "file.part"), large.subarray(0, 1_000_000));
    server.fault = times(1, (_, response) => {
      response.end("<html>Log in first</html>");
      return true;
    });
    await expect(download("large.bin")).rejects.toThrow(/announces 25 bytes/);
    expect(await download("large.bin")).toBe(2_000_000);
  });

  it("throws away an older half that is another file's", async () => {
    await writeFile(join(folder, "file.part"), new Uint8Array(1_000_000));
    expect(await download("large.bin")).toBe(2_000_000 + large.length);
    expect(Buffer.compare(await readFile(target()), large)).toBe(0);
  });

  it("throws away an older half that is longer than the whole", async () => {
    await writeFile(join(folder, "file.part"), new Uint8Array(large.length + 1));
    expect(await download("large.bin")).toBe(large.length);
  });

  it.each([
    [
      "large.bin",
      { algorithm: "sha256", hex: "0".repeat(64) },
      /SHA-256 is [0-9a-f]{64}, not 0{64}/,
    ],
    [
      "small.json",
      { algorithm: "git-sha1", hex: "0".repeat(40) },
      /git SHA-1 is [0-9a-f]{40}, not 0/,
    ],
  ] as const)("of %s is refused when its digest is another", async (path, digest, message) => {
    const work = download(path, { listed: { digest } });
    await expect(work).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
    await expect(work).rejects.toThrow(message);
    expect(server.bodies(path).length).toBe(1);
    expect((await readFile(join(folder, "file.part"))).length).toBe(0);
  });

  it.each([
    ["announces more", large.length - 1, true, /announces 3000000 bytes, and 2999999 were listed/],
    ["announces less", large.length + 1, true, /announces 3000000 bytes, and 3000001 were listed/],
    ["sends more", large.length - 1, false, /sent more than the 2999999 bytes/],
  ])("is refused when the server %s than was listed", async (_, size, announced, message) => {
    if (!announced) {
      server.fault = (request, response, bytes) => {
        if (request.server === "hub") return false;
        // In chunks, without a length.
        response.write(bytes!.subarray(0, 10));
        response.end(bytes!.subarray(10));
        return true;
      };
    }
    await expect(download("large.bin", { listed: { size } })).rejects.toThrow(message);
    expect((await readFile(join(folder, "file.part"))).length).toBe(0);
  });

  it("does not wait for ever for a server that falls silent, and takes a slow one", async () => {
    server.fault = times(1, (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes!.length });
      response.write(bytes!.subarray(0, 500_000));
      return true;
    });
    await download("large.bin", { patience: { ...patience, idleMs: 1000 } });
    expect(server.bodies("large.bin")[1]!.headers.range).toBe("bytes=500000-");

    await rm(target());
    server.fault = times(1, (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes!.length });
      let at = 0;
      const timer = setInterval(() => {
        response.write(bytes!.subarray(at, at + 200_000));
        at += 200_000;
        if (at < bytes!.length) return;
        clearInterval(timer);
        response.end();
      }, 100);
      return true;
    });
    server.seen.length = 0;
    await download("large.bin", { patience: { ...patience, idleMs: 1000 } });
    expect(server.bodies("large.bin").length).toBe(1);
  });

  it("ends when the caller aborts, and leaves what has come", async () => {
    const controller = new AbortController();
    server.fault = times(1, (_, response, bytes) => {
      response.writeHead(200, { "content-length": bytes!.length });
      response.write(bytes!.subarray(0, 400_000));
      return true;
    });
    const reason = new Error("enough");
    const onBytes = (bytes: number) => bytes === 400_000 && controller.abort(reason);
    const { signal } = controller;
    await expect(download("large.bin", { signal, onBytes })).rejects.toBe(reason);
    expect((await readFile(join(folder, "file.part"))).length).toBe(400_000);
    expect(await download("large.bin")).toBe(large.length - 400_000);
  });

  it("ends when the caller aborts while it waits to come again", async () => {
    const controller = new AbortController();
    const long = { ...patience, firstMs: 500_000, longestMs: 1_000_000 };
    server.fault = times(9, (_, response) => {
      refuse(response, 503);
      setTimeout(() => controller.abort(), 50);
      return true;
    });
    const { signal } = controller;
    await expect(download("large.bin", { signal, patience: long })).rejects.toThrow(/aborted/);
  });

  it("says what cannot be written", async () => {
    await rm(folder, { recursive: true });
    await expect(download("large.bin")).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
    folder = await mkdtemp(join(tmpdir(), "qrag-download-"));
  });
});
