import { afterAll, describe, expect, it } from "vitest";
import { Connection } from "../../src/store/connection.ts";
import { temporaryAllowed } from "../../src/store/filter.ts";
import {
  idfsOf,
  keywordHits,
  lookUp,
  type QueryWord,
  quotedWords,
  searched,
  soughtAmong,
} from "../../src/store/keyword.ts";
import { ensureSchema } from "../../src/store/schema.ts";
import { findSqlite, type Row } from "../../src/store/sqlite.ts";
import { TermCounts } from "../../src/store/term_counts.ts";
import { pairsIn } from "../../src/store/unspaced.ts";
import { codeOf } from "../src/fakes.ts";
import { folder } from "./bag_of_words.ts";

const { path } = folder();
const connection = new Connection(path(), { readOnly: false, waitForWriter: 1000 });
afterAll(() => connection.close());
ensureSchema(connection, false);
connection.exec(temporaryAllowed);
const texts = [
  "Cats run in the garden",
  "A cat ran, and a dog runs",
  "e-mail is not mail",
  "the the the",
  "running dogs and running cats",
];
connection.run("INSERT INTO documents (id, metadata, hash, passages) VALUES ('a', '{}', '', 5)");
for (const [index, text] of texts.entries()) {
  connection.run(
    "INSERT INTO passages (document, text, headings, line, start, stop) VALUES (1, ?, '[]', 1, 0, 0)",
    text,
  );
  connection.run("INSERT INTO words (rowid, text) VALUES (?, ?)", index + 1, text);
}

const wordsOf = (query: string) => lookUp(connection, new TermCounts(), query);
/** All words bring passages in. */
const hitsOf = (query: string, limit: number) =>
  keywordHits(connection, query, { bringing: wordsOf(query), ranking: [] }, limit, false).passages;

describe("a question as a query of FTS5", () => {
  it("quotes each word and takes none twice", () => {
    expect(quotedWords('what is a "cat" is\tNOT')).toEqual([
      '"what"',
      '"is"',
      '"""cat"""',
      '"NOT"',
    ]);
    expect(quotedWords("a b")).toEqual(['"a b"']);
    expect(quotedWords("a\0b")).toEqual(['"a b"']);
    expect(
      quotedWords("w ".repeat(3) + Array.from({ length: 999 }, (_, i) => `w${i}`).join(" ")),
    ).toHaveLength(256);
  });

  it("finds what the raw query finds, in its order", () => {
    for (const query of [
      "running cat",
      "the garden",
      "dogs",
      "e-mail",
      "absent",
      "RUNS garden dog",
    ]) {
      const raw = quotedWords(query).join(" OR ");
      const wanted = connection
        .all("SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words)", raw)
        .map((row: Row) => row.rowid);
      expect(hitsOf(query, 10)).toEqual(wanted);
    }
    expect(hitsOf("cats", 2)).toHaveLength(2);
  });

  it("finds in the documents that are allowed, whether they are few or many", () => {
    const found = (first: number, count: number) => {
      connection.run("DELETE FROM temp.allowed");
      connection.run(
        `INSERT INTO temp.allowed WITH RECURSIVE numbers (number) AS
           (VALUES (?) UNION ALL SELECT number + 1 FROM numbers LIMIT ?) SELECT number FROM numbers`,
        first,
        count,
      );
      const sought = { bringing: wordsOf("cats"), ranking: [] };
      return keywordHits(connection, "cats", sought, 10, true).passages;
    };
    const all = hitsOf("cats", 10);
    expect(all).toHaveLength(3);
    for (const count of [10, 60_000]) {
      expect(found(1, count)).toEqual(all);
      expect(found(2, count)).toEqual([]);
    }
  });

  it("knows the stems of its words and how many passages have them", () => {
    expect(wordsOf("Cats e-mail -- unseen")).toEqual([
      { quoted: '"Cats"', terms: [{ text: "cat", passages: 3 }] },
      {
        quoted: '"e-mail"',
        terms: [
          { text: "e", passages: 1 },
          { text: "mail", passages: 1 },
        ],
      },
      { quoted: '"--"', terms: [] },
      { quoted: '"unseen"', terms: [{ text: "unseen", passages: 0 }] },
    ]);
    // Distinct stems: cat and run.
    expect(idfsOf(wordsOf("cat cats running runs"), 5)).toEqual([Math.log(5 / 4), Math.log(5 / 4)]);
  });

  const word = (text: string, ...passages: number[]): QueryWord => ({
    quoted: text,
    terms: passages.map((each) => ({ text, passages: each })),
  });

  it("leaves common words out in a large store, unless there are no others", () => {
    const [the, rare, mixed, none] = [
      word("the", 90_000),
      word("rare", 3),
      word("e-mail", 90_000, 50),
      word("--"),
    ];
    const words = [the, rare, mixed, none];
    expect(searched(words, 200_000)).toEqual([rare, mixed]);
    expect(searched(words, 100_000)).toEqual([the, rare, mixed]);
    expect(searched([the, none], 200_000)).toEqual([the]);
  });

  it("has the rarest words bring passages in where there are very many", () => {
    const [common, rare, medium] = [word("a", 19_000), word("b", 400), word("c", 3000)];
    const all = [common, rare, medium];
    expect(soughtAmong(all, 100_000, 100)).toEqual({ bringing: all, ranking: [] });
    expect(soughtAmong(all, 200_000, 100)).toEqual({ bringing: [rare, medium], ranking: [common] });
    expect(soughtAmong(all, 200_000, 100, 30_000)).toEqual({ bringing: all, ranking: [] });
    // Rare ones are too few: 400 passages for 100 hits, and 3400 for 1000.
    expect(soughtAmong([common, rare], 200_000, 100).ranking).toEqual([]);
    expect(soughtAmong(all, 200_000, 1000).ranking).toEqual([]);
    expect(soughtAmong([word("a", 150_000)], 200_000, 10).bringing).toHaveLength(1);
  });

  it("ranks by all words what the rare ones bring in", () => {
    const [garden, dog, the] = wordsOf("garden dogs the");
    const all = hitsOf("garden dogs the", 10);
    const having = new Set([...hitsOf("garden", 10), ...hitsOf("dogs", 10)]);
    const sought = { bringing: [garden!, dog!], ranking: [the!] };
    const { passages, words } = keywordHits(connection, "garden dogs the", sought, 10, false);
    expect(passages).toEqual(all.filter((passage) => having.has(passage)));
    expect(passages.length).toBeLessThan(all.length);
    expect(words).toEqual(['"garden"', '"dogs"', '"the"']);
  });
});

describe("counts of terms", () => {
  it("are looked up again when much of the store has changed", () => {
    const asked: string[] = [];
    const store = {
      last: 0,
      value(sql: string, term: string) {
        if (sql.includes("max(number)")) return store.last;
        asked.push(term);
        return term === "the" ? 60_000 : 7;
      },
    };
    const file = store as unknown as Connection;
    const counts = new TermCounts();
    const ask = (passages: number, last: number) => {
      store.last = last;
      asked.length = 0;
      counts.refresh(file, passages);
      expect(counts.of(file, "the")).toBe(60_000);
      expect(counts.of(file, "rare")).toBe(7);
      return [...asked];
    };
    expect(ask(100_000, 100_000)).toEqual(["the", "rare"]);
    expect(ask(101_000, 101_000)).toEqual(["rare"]);
    expect(ask(102_000, 102_000)).toEqual(["the", "rare"]);
    // As many came as went.
    expect(ask(102_000, 105_000)).toEqual(["the", "rare"]);
  });
});

describe("pairs of characters", () => {
  it("stand for words where there are no spaces", () => {
    expect(pairsIn("東京は、big 口 カーA")).toEqual(["東京", "京は", "口", "カー"]);
    expect(pairsIn("plain text, 123, Ελλάδα, 한국어")).toEqual([]);
    expect(pairsIn("ไทย")).toEqual(["ไท", "ทย"]);
    expect(pairsIn("ｶﾅ")).toEqual(["カナ"]);
  });
});

describe("SQLite", () => {
  it("is the first that is there with full-text search, or an error that says what to install", async () => {
    const Found = findSqlite(["node:no_such_module", "@photostructure/sqlite"]);
    const database = new Found(":memory:");
    expect(database.prepare("SELECT 1 AS one").get()).toMatchObject({ one: 1 });
    database.close();
    const missing = (async () => findSqlite(["node:no_such_module"]))();
    expect(await codeOf(missing)).toBe("NATIVE_MISSING");
    await expect(missing).rejects.toThrow(/npm install @photostructure\/sqlite/);
  });
});
