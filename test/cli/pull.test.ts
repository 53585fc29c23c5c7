import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Interrupt } from "../../src/cli/run.ts";
import { loadGate } from "../../src/index.ts";
import { encoderRepository, firstCommit, HubSetting, secondCommit } from "../hub/repositories.ts";
import { qrag } from "./harness.ts";

let hub: HubSetting;
const name = "hf:owner/rank";
const at = (file: string) => join(hub.cache, file);
const run = (args: string[], more: Record<string, string> = {}) =>
  qrag(args, { env: { ...hub.env, ...more } });

beforeEach(async () => {
  hub = await HubSetting.open();
  hub.server.repositories.set("owner/rank", encoderRepository("rank"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

describe("qrag pull", () => {
  it("prints the path of a model that loads, and says on standard error what it did", async () => {
    const { exitCode, out, err } = await run(["pull", name, "--type", "f32"]);
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/model\.gguf\n$/)]);
    expect(err).toMatch(
      /^hf:owner\/rank at 1{12}: 212\.9 kB downloaded, converted, 4\d\d\.\d kB\n$/m,
    );
    await using gate = await loadGate(out.trim(), { threads: 1 });
    expect(gate.info).toMatchObject({ name: "rank", weightTypes: ["F32"] });
    const again = await run(["pull", name]);
    expect(again.out).toBe(out);
    expect(again.err).toMatch(/at 1{12}: already in the cache, 4\d\d\.\d kB$/m);
  });

  it("hands the options of conversion on", async () => {
    const more = ["--scripts", "Latin", "--languages", "en", "--name", "mine"];
    const { out } = await run(["pull", name, ...more]);
    await using gate = await loadGate(out.trim(), { threads: 1 });
    expect(gate.info).toMatchObject({ name: "mine", scripts: ["Latin"], languages: ["en"] });
  });

  it("copies the model to a file, and reports as JSON", async () => {
    const { out, err } = await run(["pull", name, "-o", at("copy.gguf"), "--json"]);
    expect(err).toBe("");
    const bytes = await readFile(at("copy.gguf"));
    expect(JSON.parse(out)).toMatchObject({
      ...{ path: at("copy.gguf"), source: name, revision: "main", commit: firstCommit },
      ...{ bytes: bytes.length, converted: true, cached: false },
    });
    const pinned = await run(["pull", `${name}@${firstCommit}`, "--json"]);
    expect(JSON.parse(pinned.out)).toMatchObject({ revision: firstCommit, cached: true });
    const taken = await run(["pull", name, "-o", at("copy.gguf")]);
    expect([taken.exitCode, taken.err]).toEqual([3, expect.stringMatching(/copy\.gguf exists/)]);
    await writeFile(at("copy.gguf"), "something else");
    expect(await run(["pull", name, "-o", at("copy.gguf"), "--force"])).toMatchObject({
      exitCode: 0,
      out: `${at("copy.gguf")}\n`,
    });
    expect(Buffer.compare(await readFile(at("copy.gguf")), bytes)).toBe(0);
  });

  it("streams the model to standard output, and then prints no path", async () => {
    const cached = await readFile((await run(["pull", name])).out.trim());
    const { exitCode, bytes, err } = await run(["pull", name, "-o", "-"]);
    expect([exitCode, Buffer.compare(bytes, cached)]).toEqual([0, 0]);
    expect(err).toMatch(/already in the cache/);
    const device = await run(["pull", name, "-o", "/dev/null", "--force"]);
    expect([device.exitCode, device.err]).toEqual([3, expect.stringMatching(/is a device/)]);
  });

  it("shows its progress on a terminal", async () => {
    const { err } = await qrag(["pull", name], { env: hub.env, terminal: true });
    expect(err).toMatch(/downloading █+ 100 %/);
    expect(err).toMatch(/converting █+ 100 %/);
  });

  it.each([
    [["pull"], 2, /hf:OWNER\/REPO is missing/],
    [["pull", "owner/rank"], 3, /Expected hf:owner\/repo/],
    [["pull", name, "--force"], 2, /--force needs --output/],
    [["pull", name, "--tokenizer", "t"], 2, /--tokenizer/],
    [["pull", name, "--type", "q9"], 2, /for --type/],
    [["pull", "hf:owner/none"], 3, / 401: there is no such repository, or it is not public/],
    [["pull", `${name}@v7`], 3, / 404: the repository has no such revision/],
  ])("%j is refused", async (args, code, message) => {
    const { exitCode, out, err } = await run(args);
    expect([exitCode, out]).toEqual([code, ""]);
    expect(err).toMatch(message);
  });

  it("downloads nothing when the network is forbidden", async () => {
    const { exitCode, err } = await run(["pull", name, "--json"], { HF_HUB_OFFLINE: "1" });
    expect(exitCode).toBe(3);
    expect(JSON.parse(err).error.code).toBe("MODEL_NOT_FOUND");
    expect(hub.server.seen).toEqual([]);
  });

  it("says nothing when it is interrupted", async () => {
    const signal = AbortSignal.abort(new Interrupt("SIGINT", 130));
    expect(await qrag(["pull", name], { env: hub.env, signal })).toMatchObject({
      ...{ exitCode: 130, out: "", err: "" },
    });
  });
});

describe("other commands", () => {
  it("take a hub's model by its name, without a network once it is there", async () => {
    await run(["pull", name]);
    hub.server.stop();
    const { out } = await run(["inspect", name]);
    expect(out).toMatch(/general\.name .*rank/);
    for (const [key, value] of Object.entries(hub.env)) vi.stubEnv(key, value);
    const scored = await qrag(["score", "--json", "--model", name, "the river", "the water"], {
      env: hub.env,
      loadGate,
    });
    expect(JSON.parse(scored.out)).toHaveProperty("margin");
    const verified = await qrag(["verify", "--json", "--threads", "1"], {
      env: { ...hub.env, QRAG_MODEL: name },
      loadGate,
    });
    expect(JSON.parse(verified.out).model).toMatchObject({ name: "rank" });
  });

  it("calibrate it into a file that is named, not into the cache", async () => {
    const { exitCode, err } = await run(["calibrate", "--rows", "rows.jsonl", "--model", name]);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/--output is missing/)]);
  });
});

describe("qrag cache", () => {
  const days = (count: number) => new Date(Date.now() - count * 24 * 3_600_000);

  it("prints its folder", async () => {
    expect(await run(["cache", "path"])).toMatchObject({ exitCode: 0, out: `${hub.cache}\n` });
    const json = await run(["cache", "path", "--json"]);
    expect(JSON.parse(json.out)).toEqual({ folder: hub.cache });
  });

  it("lists what was pulled", async () => {
    const empty = await run(["cache"]);
    expect([empty.out, empty.err]).toEqual([
      "",
      expect.stringMatching(/^No models have been pulled/),
    ]);
    await run(["pull", name]);
    const { out, err } = await run(["cache"]);
    expect(err).toBe("");
    expect(out).toMatch(
      /^MODEL +REVISION +COMMIT +SIZE +USED\nhf:owner\/rank +main +1{12} +\d+\.\d kB +just now\n$/,
    );
    const json = await run(["cache", "list", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      folder: hub.cache,
      models: [{ source: name, commit: firstCommit, revisions: ["main"], state: "ready" }],
    });
  });

  it("prunes by age, superseded commits, and everything", async () => {
    const { out: path } = await run(["pull", name]);
    await utimes(join(path.trim(), "..", "manifest.json"), days(40), days(40));
    expect((await run(["cache"])).out).toMatch(/40 days ago/);
    expect(await run(["cache", "prune"])).toMatchObject({ out: "", err: "Nothing to remove.\n" });
    expect((await run(["cache", "prune", "--older-than", "6w"])).out).toBe("");
    const { out } = await run(["cache", "prune", "--older-than", "30d"]);
    expect(out).toBe(`hf:owner/rank ${"1".repeat(12)}\n`);

    await run(["pull", name]);
    hub.server.repositories.set("owner/rank", encoderRepository("rank", secondCommit));
    await run(["pull", name]);
    expect((await run(["cache"])).out).toMatch(/1{12} .* superseded$/m);
    expect((await run(["cache", "prune", "--json"])).out).toContain(firstCommit);
    const all = await run(["cache", "prune", "--all"]);
    expect(all.err).toMatch(/^1 removed, \d+\.\d kB\n$/);
    expect((await run(["cache"])).out).toBe("");
  });

  it.each([
    [["cache", "clear"], /expected list, prune, path for ACTION but received "clear"/],
    [["cache", "--all"], /--older-than and --all are options of prune/],
    [["cache", "prune", "--older-than", "30"], /an age such as 30d/],
    [["cache", "prune", "all"], /unexpected argument "all"/],
  ])("%j is refused", async (args, message) => {
    const { exitCode, err } = await run(args);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(message)]);
  });
});
