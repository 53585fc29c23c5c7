import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { type Database, findSqlite } from "../../src/store/sqlite.ts";
import { codeOf, collect } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";
import { openHere } from "./open_here.ts";

const { path, embedder } = folder();
const sound = path("sound.qrag");
const documents = Array.from({ length: 120 }, (_, i) => ({
  id: `document ${i}`,
  text: `Passage ${i} speaks of ${["rivers", "trees", "stones"][i % 3]} and 東京. ${"words ".repeat(40)}`,
}));

beforeAll(async () => {
  await using store = await openHere(sound, { embedder: embedder() });
  await store.add(documents);
});

function copied(): string {
  const copy = path();
  copyFileSync(sound, copy);
  return copy;
}

/** The sound store with statements run on it by somebody else. */
function changed(...statements: string[]): string {
  const copy = copied();
  const Sqlite = findSqlite(["node:sqlite", "@photostructure/sqlite"]);
  const database: Database = new Sqlite(copy);
  for (const statement of statements) database.exec(statement);
  database.close();
  return copy;
}

const openingCode = (file: string, options = {}) =>
  codeOf(openHere(file, options).then((store) => store.dispose()));

describe("a file that is no store of ours", () => {
  it.each([
    ["another program's", "PRAGMA application_id = 7", /no store of qrag's/],
    ["nobody's", "PRAGMA application_id = 0", /no store of qrag's/],
    ["of a newer version", "PRAGMA user_version = 3", /newer qrag/],
    ["of an older version", "PRAGMA user_version = 1", /Delete it and index the documents again/],
    [
      "with a trigger",
      "CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM passages; END",
      /other tables/,
    ],
    ["with a view", "CREATE VIEW v AS SELECT load_extension('x')", /other tables/],
    [
      "with a view in a table's place",
      "DROP TABLE passages; CREATE VIEW passages AS SELECT 1 AS number",
      /other tables/,
    ],
    ["with another column", "ALTER TABLE documents ADD COLUMN more TEXT", /other tables/],
    ["without an index", "DROP INDEX passages_of_document", /other tables/],
    [
      "with strange settings",
      "UPDATE settings SET value = '-1' WHERE name = 'dimensions'",
      /damaged/,
    ],
  ])("is refused: %s", async (_, statement, message) => {
    const file = changed(statement);
    expect(await openingCode(file)).toBe("STORE_INVALID");
    expect(await openingCode(file, { readOnly: true })).toBe("STORE_INVALID");
    await expect(openHere(file)).rejects.toThrow(message);
  });

  it("is refused whatever it is", async () => {
    const text = path();
    writeFileSync(
      text,
      "These are my notes, and they are longer than the header of a database. ".repeat(9),
    );
    expect(await openingCode(text)).toBe("STORE_INVALID");
    expect(readFileSync(text, "utf8")).toMatch(/^These are my notes/);
    expect(await openingCode(path("absent/folder.qrag"))).toBe("STORE_NOT_FOUND");
    expect(await openingCode(path(), { readOnly: true })).toBe("STORE_NOT_FOUND");
  });

  it("is taken where it is empty", async () => {
    const empty = path();
    writeFileSync(empty, "");
    expect(await openingCode(empty)).toBe("fulfilled");
    expect(await openingCode(empty, { readOnly: true })).toBe("fulfilled");
  });
});

describe("hostile rows", () => {
  it.each([
    ["rows that are not there", "UPDATE segments SET rows = 60000"],
    ["more rows than can be", "UPDATE segments SET rows = 4294967296"],
    ["vectors cut short", "UPDATE segments SET vectors = substr(vectors, 1, 100)"],
    [
      "scales that are no numbers",
      "UPDATE segments SET scales = CAST(replace(hex(zeroblob(rows * 2)), '0', char(127)) AS BLOB)",
    ],
    ["passages in no order", "UPDATE segments SET passages = zeroblob(length(passages))"],
    ["a bitmap of another size", "INSERT INTO skips SELECT number, x'00' FROM segments"],
  ])("in segments are refused before use: %s", async (_, statement) => {
    const bag = embedder();
    await using store = await openHere(changed(statement), { embedder: bag });
    expect(await codeOf(collect(store.search("rivers")))).toBe("STORE_INVALID");
    expect((await store.verify()).ok).toBe(false);
    // Keywords have no need of them.
    expect(await collect(store.search("rivers", { mode: "keyword", topK: 3 }))).toHaveLength(3);
  });

  it.each([
    ["headings", "UPDATE passages SET headings = '{}'"],
    ["metadata", "UPDATE documents SET metadata = 'x'"],
    ["places", "UPDATE passages SET line = -1"],
  ])("elsewhere are refused, too: %s", async (_, statement) => {
    await using store = await openHere(changed(statement), { readOnly: true });
    expect(await codeOf(collect(store.search("rivers")))).toBe("STORE_INVALID");
  });

  it("that do not fit together are found by verify", async () => {
    await using store = await openHere(
      changed(
        "PRAGMA foreign_keys = OFF",
        "DELETE FROM documents WHERE number = 3",
        "UPDATE passages SET text = 'other' WHERE number = 9",
      ),
    );
    const { ok, problems } = await store.verify();
    expect(ok).toBe(false);
    expect(problems).toContainEqual("1 passages belong to no document");
    expect(problems.length).toBeGreaterThan(1);
  });
});

describe("a damaged file", () => {
  /** Everything there is to do with it; what it answers does not matter, only that nothing but QragError comes out. */
  async function useAll(file: string): Promise<string> {
    try {
      await using store = await openHere(file, { embedder: embedder() });
      const { ok } = await store.verify();
      await collect(store.search("rivers and stones"));
      await store.remove(["document 1"]);
      await store.add([{ id: "new", text: "more" }]);
      return ok ? "sound" : "found";
    } catch (error) {
      if (!(error instanceof QragError) || error.code === "INTERNAL") throw error;
      return error.code;
    }
  }

  it("is refused when it is cut, at any place", async () => {
    const { size } = statSync(sound);
    for (const part of [0.01, 0.3, 0.7, 0.99]) {
      const file = copied();
      truncateSync(file, Math.floor(size * part));
      expect(["STORE_INVALID", "found"]).toContain(await useAll(file));
    }
  });

  it("never ends the process, whatever bytes are turned", async () => {
    const bytes = readFileSync(sound);
    const outcomes: string[] = [];
    for (let round = 0; round < 12; round++) {
      const turned = Buffer.from(bytes);
      for (let i = 0; i < 40; i++) {
        const at = (Math.imul(round * 40 + i + 1, 2654435761) >>> 0) % turned.length;
        turned[at]! ^= 1 << (i & 7);
      }
      const file = path();
      writeFileSync(file, turned);
      outcomes.push(await useAll(file));
    }
    expect(outcomes).toHaveLength(12);
    expect(outcomes.filter((outcome) => outcome !== "sound").length).toBeGreaterThan(6);
  });
});
