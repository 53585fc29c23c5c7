// The tables of a store: made in a new file, and looked for, word by word, in every other.
import { QragError } from "../../base/errors.ts";
import type { Connection } from "./connection.ts";
import { invalid } from "./failures.ts";
import { type Database, openDatabase } from "./sqlite.ts";

/** "qrag" in ASCII, in the file's header: what tells a store from any other SQLite file. */
const applicationId = 0x71726167;
const version = 2;

/**
 * `words` indexes the text of passages, `pairs` the pairs of characters in scripts without spaces between words.
 * `segments` has the vectors: see segments.ts. A generation is the work of one embedding model. `skips` has the rows of
 * passages that are gone, as bits: a change to a segment itself would write all of its 1.7 MB again.
 */
const tables = `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  path TEXT,
  metadata TEXT NOT NULL,
  hash TEXT NOT NULL,
  passages INTEGER NOT NULL
) STRICT;
CREATE TABLE passages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  document INTEGER NOT NULL REFERENCES documents (number),
  text TEXT NOT NULL,
  headings TEXT NOT NULL,
  line INTEGER NOT NULL,
  start INTEGER NOT NULL,
  stop INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_of_document ON passages (document);
CREATE TABLE segments (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  generation INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  passages BLOB NOT NULL,
  vectors BLOB NOT NULL,
  scales BLOB NOT NULL,
  bits BLOB NOT NULL
) STRICT;
CREATE TABLE skips (
  segment INTEGER PRIMARY KEY REFERENCES segments (number) ON DELETE CASCADE,
  rows BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5(
  text, content='passages', content_rowid='number', tokenize='porter unicode61'
);
CREATE VIRTUAL TABLE pairs USING fts5(
  text, content='', tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);`;

/** Of the connection alone: the statistics of the index, and what its tokenizer makes of a query. */
const temporary = `
CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'words', 'row');
CREATE VIRTUAL TABLE temp.query USING fts5(text, content='', tokenize='porter unicode61');
CREATE VIRTUAL TABLE temp.query_terms USING fts5vocab('temp', 'query', 'instance');`;

/** Makes the tables in a new file, or refuses the file. */
export function ensureSchema(connection: Connection, readOnly: boolean): void {
  if (!readOnly && isEmpty(connection)) {
    persistInWal(connection);
    connection.write(() => {
      // Another process may have been faster.
      if (!isEmpty(connection)) return;
      connection.exec(`PRAGMA application_id = ${applicationId}`);
      connection.exec(`PRAGMA user_version = ${version}`);
      connection.exec(tables);
    });
  }
  check(connection);
  connection.exec(temporary);
}

function isEmpty(connection: Connection): boolean {
  return (
    connection.value("PRAGMA application_id") === 0 &&
    connection.value("SELECT count(*) FROM sqlite_schema") === 0
  );
}

/** Readers and a writer then do not wait for each other. */
function persistInWal(connection: Connection): void {
  const mode = patiently(() => connection.value("PRAGMA journal_mode = WAL"));
  if (mode === "wal") return;
  throw invalid(
    connection.path,
    "lies on a file system without write-ahead logging; keep the store on a local disk",
  );
}

const attempts = 50;
const pauseMilliseconds = 20;

/** Where two processes make one file, SQLite refuses one of them at once, however long it may wait. */
function patiently<T>(work: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return work();
    } catch (error) {
      const busy = error instanceof QragError && error.code === "STORE_BUSY";
      if (!busy || attempt === attempts) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMilliseconds);
    }
  }
}

function check(connection: Connection): void {
  const { path } = connection;
  if (connection.value("PRAGMA application_id") !== applicationId) {
    throw invalid(path, "is an SQLite file, but no store of qrag's. Choose another path.");
  }
  const found = connection.value("PRAGMA user_version");
  if (found !== version) {
    throw invalid(
      path,
      `has version ${found} of the store's format, and this qrag reads version ${version}. ` +
        (Number(found) > version
          ? "Install a newer qrag."
          : "Delete it and index the documents again."),
    );
  }
  const own = expectedSchema();
  const same = schemaOf((sql) => connection.all(sql)) === own;
  if (same) return;
  throw invalid(
    path,
    "has other tables, views or triggers than a store. Delete it and index the documents again.",
  );
}

let expected: string | undefined;

/** As this SQLite writes it down, with the tables that full-text search adds. */
function expectedSchema(): string {
  if (expected !== undefined) return expected;
  const database: Database = openDatabase(":memory:", false);
  try {
    database.exec(tables);
    expected = schemaOf((sql) => database.prepare(sql).all());
    return expected;
  } finally {
    database.close();
  }
}

function schemaOf(all: (sql: string) => readonly unknown[]): string {
  return JSON.stringify(
    all("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"),
  );
}
