// A search in some documents only: which ones a filter lets through.
import type { Connection } from "./connection.ts";
import { passageNumbers } from "./read.ts";
import type { Value } from "./sqlite.ts";

export type MetadataValue = string | number | boolean | null;

export interface Filter {
  readonly ids?: readonly string[] | undefined;
  /** What the path begins with. */
  readonly path?: string | undefined;
  /** Values that the document's metadata have, all of them. */
  readonly metadata?: Readonly<Record<string, MetadataValue>> | undefined;
}

export const temporaryAllowed =
  "CREATE TABLE IF NOT EXISTS temp.allowed (number INTEGER PRIMARY KEY)";

/** Puts the numbers of the documents into temp.allowed. */
export function allow(connection: Connection, { ids, path, metadata = {} }: Filter): void {
  const conditions: string[] = [];
  const values: Value[] = [];
  if (ids) {
    conditions.push("id IN (SELECT value FROM json_each(?))");
    values.push(JSON.stringify(ids));
  }
  if (path !== undefined) {
    // Not LIKE: case counts, and % is a character.
    conditions.push("substr(path, 1, length(?)) = ?");
    values.push(path, path);
  }
  for (const [key, value] of Object.entries(metadata)) {
    const [condition, compared] = conditionOf(value);
    conditions.push(
      `EXISTS (SELECT 1 FROM json_each(documents.metadata) AS pair WHERE pair.key = ? AND ${condition})`,
    );
    values.push(key, ...compared);
  }
  connection.run("DELETE FROM temp.allowed");
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  connection.run(`INSERT INTO temp.allowed SELECT number FROM documents ${where}`, ...values);
}

function conditionOf(value: MetadataValue): [string, Value[]] {
  if (value === null) return ["pair.type = 'null'", []];
  if (typeof value === "boolean") return [`pair.type = '${value}'`, []];
  if (typeof value === "string") return ["pair.type = 'text' AND pair.atom = ?", [value]];
  return ["pair.type IN ('integer', 'real') AND pair.atom = ?", [value]];
}

/** The passages of the documents in temp.allowed, ascending. */
export function allowedPassages(connection: Connection): Uint32Array {
  return passageNumbers(connection, "WHERE document IN (SELECT number FROM temp.allowed)");
}
