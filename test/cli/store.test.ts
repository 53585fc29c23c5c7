import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Encoders } from "../encoders.ts";
import { qrag } from "./harness.ts";

const root = mkdtempSync(join(tmpdir(), "qrag-store-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
// Each command starts a thread that first has to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const encoders = new Encoders();
afterAll(() => encoders.remove());
const notes = join(root, "notes");
const store = join(root, "deep", "notes.qrag");
const on = ["--store", store];
const wordsOnly = ["--embedder", "none"];

beforeAll(async () => {
  mkdirSync(notes);
  writeFileSync(
    join(notes, "machine.md"),
    "# Machine\n\n## Care\n\nRun vinegar through the machine to descale it.\n",
  );
  writeFileSync(join(notes, "tea.txt"), "Tea wants boiling water.\n");
  writeFileSync(join(notes, "broken.txt"), Buffer.from([0xff, 0xfe, 0x41]));
  const { exitCode, out, err } = await qrag(["index", notes, ...on]);
  expect(out).toBe("2 added, 0 updated, 0 unchanged, 0 removed; 2 new passages\n");
  expect(err).toMatch(/broken\.txt left out: not valid UTF-8/);
  expect(exitCode).toBe(0);
});

describe("qrag index", () => {
  it("takes what is new and drops what is gone, in its own folders", async () => {
    const file = join(root, "other.qrag");
    const folder = join(root, "other");
    mkdirSync(folder);
    for (const name of ["a", "b"]) writeFileSync(join(folder, `${name}.txt`), `Text ${name}.`);
    const single = join(root, "single.txt");
    writeFileSync(single, "By itself.");
    await qrag(["index", folder, single, "--store", file]);
    rmSync(join(folder, "a.txt"));
    writeFileSync(join(folder, "b.txt"), "Another text.");
    const { out } = await qrag(["index", folder, "--store", file, "--json"]);
    expect(JSON.parse(out)).toEqual({
      added: 0,
      updated: 1,
      unchanged: 0,
      removed: 1,
      passages: 1,
      unreadable: [],
    });
    const list = await qrag(["store", "list", "--store", file, "--json"]);
    const ids = list.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id);
    expect(ids).toEqual([join(folder, "b.txt"), single]);
  });

  it("says what is wrong", async () => {
    expect(await qrag(["index", join(root, "absent"), ...on])).toMatchObject({ exitCode: 3 });
    expect(await qrag(["index", ...on])).toMatchObject({ exitCode: 2 });
    expect(await qrag(["index", "-", ...on])).toMatchObject({ exitCode: 2 });
  });
});

describe("a wrong path", () => {
  it("leaves no store behind, and is told without a stack trace", async () => {
    const file = join(root, "typo.qrag");
    const typo = await qrag(["index", notes, join(root, "nonexistent"), "--store", file]);
    expect([typo.exitCode, existsSync(file)]).toEqual([3, false]);
    expect(typo.err).toMatch(/nonexistent could not be read/);
    const below = await qrag(["index", notes, "--store", join(store, "below.qrag")]);
    expect(below.exitCode).toBe(3);
    expect(below.err).toMatch(/^qrag: The folder .* cannot be made/m);
  });
});

describe("qrag search", () => {
  it("looks below a root as below any folder", async () => {
    const { out } = await qrag(["search", "vinegar", "--path", "/", ...on]);
    expect(out).toMatch(/machine\.md/);
  });

  it("prints passages and their places", async () => {
    const { out, exitCode } = await qrag(["search", "descale vinegar", ...on, "--explain"]);
    expect(out).toMatch(/^\[1\] .*machine\.md:5 Machine > Care\n/);
    expect(out).toMatch(/by keywords 1 x 0\.\d\d/);
    expect(out).toMatch(/\n {4}Run vinegar through the machine/);
    expect(exitCode).toBe(0);
    const json = await qrag(["search", "tea", ...on, "--json", "--path", `${notes}/`]);
    expect(JSON.parse(json.out)).toMatchObject({ path: join(notes, "tea.txt"), line: 1, start: 0 });
    const other = ["--path", join(notes, "machine"), "--mode", "keyword"];
    expect(await qrag(["search", "tea", ...on, ...other])).toMatchObject({
      out: "",
    });
  });

  it("says what is wrong", async () => {
    const absent = await qrag(["search", "tea", "--store", join(root, "absent.qrag")]);
    expect(absent).toMatchObject({ exitCode: 3 });
    expect(absent.err).toMatch(/absent\.qrag/);
    expect(await qrag(["search", "tea", ...on, "--mode", "odd"])).toMatchObject({ exitCode: 2 });
    expect(
      await qrag(["search", "tea", ...on, "--embedder", "none", "--mode", "vector"]),
    ).toMatchObject({
      exitCode: 3,
    });
  });
});

describe("qrag ask", () => {
  it("prints the relevant passages, or refuses", async () => {
    const found = await qrag(["ask", "descale", ...on]);
    expect(found.out).toMatch(/^\[1\] .*machine\.md:5 Machine > Care relevant\n/);
    expect(found.exitCode).toBe(0);
    const none = await qrag(["ask", "water price", ...on, "--exit-code"]);
    expect(none.out).toBe("I don't have evidence to answer that.\n");
    expect(none.exitCode).toBe(1);
    const json = await qrag(["ask", "descale", ...on, "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      answer: null,
      answered: true,
      passages: [{ line: 5 }],
    });
  });

  it("has an answer written, with the places", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      request.on("data", (data) => asked.push(String(data)));
      request.on("end", () =>
        response.end(JSON.stringify({ choices: [{ message: { content: "With vinegar [1]." } }] })),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const args = ["--generate", url, "--generate-model", "any", ...on];
    try {
      const { out } = await qrag(["ask", "descale", ...args]);
      expect(out).toMatch(/^With vinegar \[1\]\.\n\n\[1\] .*machine\.md:5 Machine > Care\n$/);
      expect(asked.join("")).toContain("Run vinegar");
      asked.length = 0;
      const none = await qrag(["ask", "price", ...args]);
      expect(none.out).toBe("I don't have evidence to answer that.\n");
      expect(asked).toEqual([]);
    } finally {
      server.close();
    }
    for (const wrong of [
      ["--generate", url],
      ["--generate-model", "any"],
      ["--generate", "model.gguf", "--generate-model", "any"],
    ]) {
      expect(await qrag(["ask", "x", ...on, ...wrong])).toMatchObject({ exitCode: 2 });
    }
    const absent = await qrag(["ask", "descale", ...on, "--generate", join(root, "absent.gguf")]);
    expect(absent).toMatchObject({ exitCode: 3 });
    expect(absent.err).toMatch(/absent\.gguf could not be read/);
    const noChat = await qrag(["ask", "descale", ...on, "--generate", join(notes, "tea.txt")]);
    expect(noChat).toMatchObject({ exitCode: 3 });
    expect(noChat.err).toMatch(/llama\.cpp cannot load it/);
  });
});

describe("an embedding model", () => {
  it("is given once, and can be given later", async () => {
    const model = await encoders.path("mean");
    const file = join(root, "vectors.qrag");
    await qrag(["index", join(notes, "tea.txt"), "--store", file, ...wordsOnly]);
    const refused = await qrag(["index", notes, "--store", file, "--embedder", model]);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.err).toMatch(/`qrag store reembed`/);
    const args = ["--store", file, "--embedder", model];
    expect((await qrag(["store", "reembed", ...args])).out).toMatch(/vectors: \d+ dimensions/);
    expect((await qrag(["index", notes, ...args])).out).toMatch(/^1 added, 0 updated, 1 unchanged/);
    const { out } = await qrag([
      "search",
      "boiling",
      ...args,
      "--json",
      "--explain",
      "--mode",
      "vector",
    ]);
    const [best] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(best.explain).toMatchObject({ vectorRank: 0, weights: { vector: 1, keyword: 0 } });
    const words = await qrag(["index", notes, "--store", file, ...wordsOnly]);
    expect(words).toMatchObject({ exitCode: 3 });
    expect(words.err).toMatch(/Open it with that embedder/);
  });
});

describe("a search in steps", () => {
  it("takes a pair of embedding models, and says what each step chose", async () => {
    const model = await encoders.path("mean");
    const state = await encoders.path("mean", { normalize: false });
    const args = ["--store", join(root, "pair.qrag"), "--embedder", model];
    const pair = [...args, "--state-embedder", state];
    await qrag(["index", notes, ...pair]);
    expect((await qrag(["search", "tea", ...args])).err).toMatch(/state embedder/);
    expect((await qrag(["store", "stats", "--store", args[1]!])).out).toMatch(
      /, with a state embedder \([0-9a-f]{12}\)\n/,
    );
    const { out } = await qrag(["search", "tea", ...pair, "--steps", "2", "--explain"]);
    expect(out.match(/step [12], worth -?\d\.\d{3}/g)).toHaveLength(2);
    const stopped = [...pair, "--steps", "2", "--stop-below", "1000", "--explain"];
    expect((await qrag(["search", "tea", ...stopped])).out).not.toMatch(/step 1/);
    expect(await qrag(["search", "tea", ...pair, "--steps", "0"])).toMatchObject({ exitCode: 2 });
    const alone = await qrag(["search", "tea", ...on, ...wordsOnly, "--steps", "2"]);
    expect(alone.err).toMatch(/Steps need vectors/);
  });
});

describe("qrag store", () => {
  it("shows, checks and tidies", async () => {
    const file = join(root, "tidy.qrag");
    await qrag(["index", notes, "--store", file]);
    const here = ["--store", file];
    const { out: stats } = await qrag(["store", "stats", ...here]);
    expect(stats).toMatch(
      /^documents: 2\npassages: 2\nvectors: 384 dimensions, of all-MiniLM-L6-v2 \(353066f0386b\)\n/,
    );
    expect(await qrag(["store", "verify", ...here])).toMatchObject({
      out: "Everything fits together.\n",
      exitCode: 0,
    });
    expect(
      (await qrag(["store", "remove", join(notes, "tea.txt"), "absent", ...here])).err,
    ).toMatch(/1 was not/);
    expect((await qrag(["store", "list", ...here])).out).toMatch(/machine\.md +1\n$/);
    expect(await qrag(["store", "compact", ...here])).toMatchObject({ exitCode: 0 });
    const bytes = readFileSync(file);
    bytes.fill(0x55, 4096 * 3, 4096 * 6);
    writeFileSync(file, bytes);
    expect(await qrag(["store", "verify", ...here])).toMatchObject({ exitCode: 3 });
  });

  it("makes no store where there is none", async () => {
    for (const action of [["compact"], ["verify"], ["remove", "x"], ["stats"]]) {
      const { exitCode } = await qrag(["store", ...action, "--store", join(root, "none.qrag")]);
      expect([action[0], exitCode]).toEqual([action[0], 3]);
    }
    expect(await qrag(["store", "stats", "x", ...on])).toMatchObject({ exitCode: 2 });
    expect(await qrag(["store", "remove", ...on])).toMatchObject({ exitCode: 2 });
    expect(await qrag(["store", "reembed", ...on, ...wordsOnly])).toMatchObject({ exitCode: 2 });
    expect(await qrag(["store", "odd", ...on])).toMatchObject({ exitCode: 2 });
  });
});
