// qrag eval on folders with questions: from the command line to tables, JSON and page.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../base/package_root.ts";
import { loadGate } from "../../src/load.ts";
import { Encoders } from "../encoders.ts";
import { qrag } from "./harness.ts";

// A store's thread first has to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const encoders = new Encoders();
let folder: string;
const at = (name: string) => join(folder, name);
const jsonl = (...items: object[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-eval-folder-"));
  await mkdir(at("notes/deep"), { recursive: true });
  await writeFile(
    at("notes/boats.md"),
    "# Boats\n\nA boat floats on water.\n\n## <b>\n\nA sail.\n",
  );
  await writeFile(at("notes/deep/banks.txt"), "A bank lends money.");
  await writeFile(at("notes/bad.md"), Uint8Array.of(0xff));
  await writeFile(at("extra.md"), "The train is late.");
  await writeFile(
    at("questions.jsonl"),
    jsonl(
      { q: "boat", a: "floats on water" },
      { q: "money", a: "lends money" },
      { q: "bank sail", a: "A sail" },
      { q: "boat water", a: null },
      { q: "<i>moon</i> bank", a: null },
    ),
  );
  await writeFile(at("trains.jsonl"), jsonl({ q: "train", a: "is late" }, { q: "plane", a: null }));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await encoders.remove();
});

const notes = () => ["--folder", at("notes"), "--questions", at("questions.jsonl")];

/** With the made-up gate, which accepts what holds all words of the query. */
const evalJson = async (...args: string[]) => {
  const { exitCode, out, err } = await qrag(["eval", "--json", ...args]);
  expect([exitCode, err]).toEqual([0, ""]);
  return JSON.parse(out);
};

/** The passage that answers the first question, and where it stands. */
const boats = () => ({
  text: "Boats\nA boat floats on water.",
  path: at("notes/boats.md"),
  headings: ["Boats"],
  start: 9,
  end: 32,
  line: 3,
  holdsAnswer: true,
});

describe("qrag eval --folder", () => {
  it("prints what a gate that can be foreseen keeps and refuses", async () => {
    const found = await evalJson(...notes());
    expect(found).toMatchObject({ accuracy: null, rows: [], sets: [] });
    expect(found.folders).toHaveLength(1);
    expect(found.folders[0]).toMatchObject({
      name: "notes",
      documents: 2,
      passages: 3,
      top: 5,
      answerable: 3,
      unanswerable: 2,
      retrieved: { count: 3, of: 3, share: 1 },
      answersNotFound: [],
      unreadable: [{ path: at("notes/bad.md"), reason: "not valid UTF-8" }],
    });
    const [{ questions, systems }] = found.folders;
    expect(questions[0]).toMatchObject({
      line: 1,
      question: "boat",
      answer: "floats on water",
      answered: true,
    });
    expect(questions[0].retrieved[0]).toEqual(boats());
    expect(systems).toMatchObject([
      {
        name: "fake.gguf",
        oracle: false,
        // No passage has both words of "bank sail".
        keptRight: { count: 2, of: 3 },
        silent: { count: 1, of: 3 },
        refused: { count: 1, of: 2 },
        speaks: { count: 1, of: 2 },
        passagesKept: 3 / 5,
      },
      { name: "BM25", oracle: true },
    ]);
  });

  it("takes several folders, files among them, each with the questions behind it", async () => {
    const more = ["--folder", at("extra.md"), "--folder", at("notes/boats.md")];
    const args = [
      ...notes(),
      ...more,
      "--questions",
      at("trains.jsonl"),
      "--top",
      "1",
      "--holdout",
    ];
    const { folders, sets } = await evalJson(...args);
    expect(sets).toMatchObject([{ name: "holdout" }]);
    expect(folders).toMatchObject([
      { name: "notes", documents: 2, top: 1 },
      { name: "trains", documents: 2, top: 1, answerable: 1, retrieved: { count: 1, of: 1 } },
    ]);
  });

  it("takes a single file of questions before its folder, too", async () => {
    const args = ["--questions", at("trains.jsonl"), "--folder", at("extra.md")];
    expect((await evalJson(...args)).folders).toMatchObject([{ name: "extra.md" }]);
  });

  it("prints a table, and what was not read or not found", async () => {
    await writeFile(
      at("torn.jsonl"),
      jsonl({ q: "boat", a: "no such words" }, { q: "x", a: null }),
    );
    const args = ["--folder", at("notes"), "--questions", at("torn.jsonl")];
    const { exitCode, out } = await qrag(["eval", ...args]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /^notes: 2 documents in 3 passages; 1 questions with an answer, 1 without$/m,
    );
    expect(out).toMatch(
      /^An answer is among the first 5 passages for 0 of 1: 0\.0 % \(0\.0–79\.3\)\.$/m,
    );
    expect(out).toMatch(/^fake\.gguf +F32, reference, portable +0\.00 +– /m);
    expect(out).toMatch(/^answers found in no passage, by line of the questions: 1$/m);
    expect(out).toMatch(/^not read: .*bad\.md \(not valid UTF-8\)$/m);
  });

  it("searches a store by keywords where there is no embedder, and its gate judges what is found", async () => {
    const found = await evalJson(...notes(), "--retrieve", "store");
    const [{ ways, questions, systems, retrieved }] = found.folders;
    expect(ways).toMatchObject([
      {
        name: "keyword",
        retrieved,
        keptRight: { count: 3, of: 3 },
        silent: { count: 0, of: 3 },
        speaks: { count: 2, of: 2 },
      },
      {
        name: "keyword and fake.gguf",
        retrieved: { count: 3, of: 3 },
        keptRight: systems[0].keptRight,
        speaks: { count: 1, of: 2 },
      },
    ]);
    expect(systems.map(({ name }: { name: string }) => name)).toEqual(["fake.gguf", "BM25"]);
    expect(questions[0].retrieved[0]).toEqual(boats());
    expect((await evalJson(...notes())).folders[0].ways).toEqual([]);
  });

  it("compares a store's ways with an embedder, in the table and on the page", async () => {
    const args = [...notes(), "--retrieve", "store", "--embedder", await encoders.path("mean")];
    const { exitCode, out } = await qrag(["eval", ...args, "--report", at("ways.html")]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^STORE +RETRIEVED +KEPT RIGHT +SILENT +SPEAKS$/m);
    const page = await readFile(at("ways.html"), "utf8");
    for (const name of [
      "keyword",
      "vector",
      "hybrid",
      "hybrid with steps",
      "hybrid and fake.gguf",
    ]) {
      expect(out).toMatch(new RegExp(`^${name.replace(".", "\\.")}  +\\d`, "m"));
      expect(page).toContain(`<th scope="row">${name}</th>`);
    }
    expect(out).toMatch(/^BM25 .* oracle /m);
    expect(out).toMatch(/, cosine .* oracle /m);
  });

  it("writes the audit and a page that stands alone", async () => {
    const files = ["--audit", at("audit.json"), "--report", at("page.html")];
    const { out } = await qrag(["eval", "--json", ...notes(), ...files]);
    expect(await readFile(at("audit.json"), "utf8")).toBe(out);
    const page = await readFile(at("page.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<script|src=|https?:|@import|url\(|<i>|<b>/);
    expect(page.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)).toHaveLength(1);
    expect(page).toContain("2 questions that fake.gguf gets wrong");
    expect(page).toContain("2 of 3 (66.7 %)");
  });

  it.each([
    [["--folder", "x"], 2, /every --folder needs a --questions after it/],
    [["--questions", "x"], 2, /every --questions needs a --folder before it/],
    [
      ["--questions", "a", "--folder", "b", "--questions", "c"],
      2,
      /every --questions needs a --folder before it/,
    ],
    [["--retrieve", "nets", "--folder", "x"], 2, /expected bm25, store for --retrieve/],
    [["--retrieve", "store"], 2, /--retrieve belongs to --folder or --beir/],
    [["--top", "0"], 2, /whole number above 0 for --top/],
    [["--folder", "x", "--questions", "absent.jsonl"], 3, /absent\.jsonl could not be read/],
  ])("refuses %j", async (args, code, message) => {
    const { exitCode, err, loads } = await qrag(["eval", ...args]);
    expect([exitCode, err, loads]).toEqual([code, expect.stringMatching(message), []]);
  });

  it("refuses questions that are none, with their line, and folders without text", async () => {
    await writeFile(at("wrong.jsonl"), '{"q": "boat", "a": null}\n{"q": "boat"}\n');
    await mkdir(at("empty"));
    for (const [path, questions, message] of [
      ["notes", "wrong.jsonl", /wrong\.jsonl: line 2 is not a question/],
      ["empty", "trains.jsonl", /empty: no text in files that end in \.md, \.markdown, /],
      ["absent", "trains.jsonl", /absent could not be read: ENOENT/],
      ["notes/bad.md", "trains.jsonl", /no text .*bad\.md: not valid UTF-8/],
    ] as const) {
      const args = ["eval", "--folder", at(path), "--questions", at(questions)];
      const { exitCode, err, loads } = await qrag(args);
      expect([exitCode, err, loads]).toEqual([3, expect.stringMatching(message), []]);
    }
  });

  it("refuses two folders of one name", async () => {
    const { exitCode, err } = await qrag(["eval", ...notes(), ...notes()]);
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/two sets are called/)]);
  });

  it("runs the package's own folders with the model that ships, and the figures add up", async () => {
    const root = packageRoot();
    // What npm run eval does, with fewer passages.
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const [, ...words] = scripts.eval.split("src/cli/main.ts eval ");
    const args = words[0]
      .split(" ")
      .map((word: string) => (word.startsWith("-") ? word : join(root, word)));
    const { exitCode, out } = await qrag(["eval", "--json", "--top", "2", ...args], {
      loadGate: (path, options) => loadGate(path, options),
    });
    expect(exitCode).toBe(0);
    const { folders, sets } = JSON.parse(out);
    expect(sets).toMatchObject([{ name: "holdout", rows: 30 }]);
    const names = folders.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["open-source-guides", "listening-to-music", "qrag-docs"]);
    for (const each of folders) {
      expect(each).toMatchObject({
        answerable: 40,
        unanswerable: 40,
        answersNotFound: [],
        unreadable: [],
      });
      expect(each.passages).toBeGreaterThan(60);
      expect(each.retrieved.of).toBe(40);
      for (const { keptRight, silent, refused, speaks, scores } of each.systems) {
        expect([keptRight.of, silent.of]).toEqual([each.retrieved.count, each.retrieved.count]);
        expect(keptRight.count + silent.count).toBeLessThanOrEqual(keptRight.of);
        expect([refused.of, refused.count + speaks.count]).toEqual([40, 40]);
        expect(scores).toHaveLength(80);
      }
    }
  });
});
