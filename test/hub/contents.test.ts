import { mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedModels, type PruneOptions, prune } from "../../src/hub/contents.ts";
import { hubModel, pull } from "../../src/hub/pull.ts";
import { modelFile } from "../src/model_file.ts";
import { firstCommit, HubSetting, secondCommit } from "./repositories.ts";

let hub: HubSetting;
let bytes: Uint8Array;

beforeEach(async () => {
  hub = await HubSetting.open();
  bytes = await modelFile();
  for (const name of ["owner/a", "owner/b"]) publish(name, firstCommit);
});
afterEach(() => hub.close());

function publish(name: string, commit: string): void {
  const files = { "one.gguf": bytes, "sub/two.gguf": bytes };
  hub.server.repositories.set(name, { commit, files, revisions: ["v1"] });
}

const pulled = (name: string) => pull(name, { env: hub.env });
const models = () => cachedModels(hub.cache);
const names = async () => (await models()).map(({ source, commit }) => `${source} ${commit[0]}`);
const pruned = async (options: PruneOptions = {}) =>
  (await prune(await models(), options)).map(({ source, commit }) => `${source} ${commit[0]}`);

const days = (count: number) => new Date(Date.now() - count * 24 * 3_600_000);

/** Makes the model one that was used so long ago. */
async function age(path: string, count: number): Promise<void> {
  await utimes(join(path, "..", "manifest.json"), days(count), days(count));
}

/** What a process leaves that was killed while it downloaded. */
async function interrupted(name: string): Promise<string> {
  const endpoint = encodeURIComponent(hub.server.endpoint);
  const folder = join(hub.cache, "hub", endpoint, name.replace("/", "--"), secondCommit);
  await mkdir(join(folder, "files"), { recursive: true });
  await writeFile(join(folder, "files", "model.gguf.part"), new Uint8Array(1000));
  return folder;
}

describe("the contents of the cache", () => {
  it("are nothing where nothing was pulled", async () => {
    expect(await models()).toEqual([]);
    expect(await cachedModels(join(hub.cache, "none"))).toEqual([]);
  });

  it("are the models, the one used last first, with what they take on the disk", async () => {
    const a = await pulled("hf:owner/a");
    const b = await pulled("hf:owner/b@v1");
    await age(a.path, 2);
    await age(b.path, 1);
    expect(await models()).toMatchObject([
      { source: "hf:owner/b", revisions: ["v1"], commit: firstCommit, state: "ready" },
      { source: "hf:owner/a", revisions: ["main"], commit: firstCommit, state: "ready" },
    ]);
    const manifest = await stat(join(a.path, "..", "manifest.json"));
    expect((await models())[1]!.bytes).toBe(bytes.length + manifest.size);
    await hubModel("hf:owner/a", { env: hub.env });
    expect(await names()).toEqual(["hf:owner/a 1", "hf:owner/b 1"]);
  });

  it("are apart for each file that was named", async () => {
    await pulled("hf:owner/a");
    await pulled("hf:owner/a:sub/two.gguf");
    expect((await names()).sort()).toEqual(["hf:owner/a 1", "hf:owner/a:sub/two.gguf 1"]);
  });

  it("are downloads that were not completed, too", async () => {
    await interrupted("owner/c");
    expect(await models()).toMatchObject([
      { source: "hf:owner/c", revisions: [], commit: secondCommit, state: "incomplete" },
    ]);
  });

  it("are what nothing says anything about, or only nonsense", async () => {
    const { path } = await pulled("hf:owner/a");
    const manifest = join(path, "..", "manifest.json");
    for (const text of ["", "null", "[]", '{"version":1}', '{"version":1,"model":{"bytes":1}}']) {
      await writeFile(manifest, text);
      expect(await models()).toMatchObject([{ source: "hf:owner/a", state: "incomplete" }]);
    }
  });
});

describe("pruning", () => {
  it("keeps a commit as long as one of its names is that commit", async () => {
    await pulled("hf:owner/a");
    await pulled("hf:owner/a@v1");
    expect(await models()).toMatchObject([{ revisions: ["main", "v1"], state: "ready" }]);
    publish("owner/a", secondCommit);
    await pulled("hf:owner/a");
    expect(await pruned()).toEqual([]);
    await pulled("hf:owner/a@v1");
    await pulled(`hf:owner/a@${firstCommit}`);
    expect(await pruned()).toEqual([]);
  });

  it("keeps what is in use", async () => {
    const { path } = await pulled("hf:owner/a");
    await pulled(`hf:owner/b@${firstCommit}`);
    await age(path, 100);
    expect(await pruned()).toEqual([]);
    expect((await names()).length).toBe(2);
  });

  it("removes what is incomplete, and commits that a branch has left", async () => {
    await pulled("hf:owner/a");
    await pulled(`hf:owner/b@${firstCommit}`);
    publish("owner/a", secondCommit);
    publish("owner/b", secondCommit);
    await pulled("hf:owner/a");
    await pulled("hf:owner/b");
    await interrupted("owner/c");
    expect((await models()).filter(({ state }) => state === "superseded").length).toBe(1);
    expect((await pruned()).sort()).toEqual(["hf:owner/a 1", "hf:owner/c 2"]);
    // The commit itself was asked for.
    expect((await names()).sort()).toEqual(["hf:owner/a 2", "hf:owner/b 1", "hf:owner/b 2"]);
  });

  it("removes what was not used for long", async () => {
    const { path } = await pulled("hf:owner/a");
    await pulled("hf:owner/b");
    await age(path, 31);
    expect(await pruned({ before: days(32) })).toEqual([]);
    expect(await pruned({ before: days(30) })).toEqual(["hf:owner/a 1"]);
    expect(await names()).toEqual(["hf:owner/b 1"]);
  });

  it("removes everything, down to the folders", async () => {
    await pulled("hf:owner/a");
    await pulled("hf:owner/b");
    expect((await pruned({ all: true })).length).toBe(2);
    expect(await readdir(join(hub.cache, "hub"))).toEqual([]);
    expect((await pulled("hf:owner/a")).downloaded).toBe(bytes.length);
  });

  it("leaves what another process is at work on", async () => {
    const folder = await interrupted("owner/c");
    await writeFile(join(folder, "lock"), "another's");
    expect(await pruned({ all: true })).toEqual([]);
    await utimes(join(folder, "lock"), days(1), days(1));
    expect(await pruned({ all: true })).toEqual(["hf:owner/c 2"]);
  });
});
