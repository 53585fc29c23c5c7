// The little of SQLite that a store needs, from node:sqlite or from a package with the same interface.
import { createRequire } from "node:module";
import { QragError } from "../../base/errors.ts";

export type Value = null | number | string | Uint8Array;
export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  run(...values: Value[]): { readonly lastInsertRowid: number | bigint };
  get(...values: Value[]): Row | undefined;
  all(...values: Value[]): Row[];
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
  /** Of newer versions only. */
  enableDefensive?(on: boolean): void;
}

type Open = new (path: string, options?: { readonly readOnly?: boolean }) => Database;

/** Node has it since 22.13, with full-text search since 22.16; the other is for those before. */
const sources: readonly string[] = ["node:sqlite", "@photostructure/sqlite"];

const require = createRequire(import.meta.url);
let found: Open | undefined;

export function openDatabase(path: string, readOnly: boolean): Database {
  found ??= findSqlite(sources);
  return new found(path, { readOnly });
}

/** The first of `names` that is there and has full-text search. */
export function findSqlite(names: readonly string[]): Open {
  const causes: unknown[] = [];
  for (const name of names) {
    try {
      const { DatabaseSync } = quietly(() => require(name)) as { DatabaseSync: Open };
      if (hasFullTextSearch(DatabaseSync)) return DatabaseSync;
      causes.push(new Error(`${name} has no full-text search`));
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new QragError(
    "NATIVE_MISSING",
    `Node ${process.versions.node} has no SQLite with full-text search. Use Node 22.16 or later, or install the ` +
      "package that stands in for it: npm install @photostructure/sqlite@1",
    { cause: new AggregateError(causes) },
  );
}

function hasFullTextSearch(Database: Open): boolean {
  const database = new Database(":memory:");
  try {
    const options = database.prepare("PRAGMA compile_options").all();
    return options.some((row) => Object.values(row).includes("ENABLE_FTS5"));
  } finally {
    database.close();
  }
}

/** Without the warning that node:sqlite may still change: the parts used here are in every version that has them. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
