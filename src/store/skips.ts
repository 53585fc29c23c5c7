// Rows of segments whose passages are gone: a bit a row, in a table of their own.
import { placeIn } from "./ascending.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { damaged } from "./failures.ts";

/** The rows of a segment that are skipped; undefined: none. */
export function skippedIn(
  connection: Connection,
  columns: Columns,
  segment: number,
  rows: number,
): Uint8Array | undefined {
  const row = connection.get(
    "SELECT CASE length(rows) WHEN ? THEN rows END AS rows FROM skips WHERE segment = ?",
    Math.ceil(rows / 8),
    segment,
  );
  if (row?.rows === null) throw damaged(connection.path, `segment ${segment} has a wrong size`);
  return row && columns.bytes(row, "rows");
}

/** Marks the rows of passages that are gone, in every generation. */
export function skipPassages(
  connection: Connection,
  columns: Columns,
  gone: readonly number[],
): void {
  if (gone.length === 0) return;
  const ascending = Uint32Array.from(gone).sort();
  for (const row of connection.all(
    "SELECT number, first, last FROM segments WHERE first <= ? AND last >= ?",
    ascending.at(-1)!,
    ascending[0]!,
  )) {
    const start = placeIn(ascending, columns.count(row, "first"));
    const end = placeIn(ascending, columns.count(row, "last") + 1);
    if (start === end) continue;
    skipIn(connection, columns, columns.count(row, "number"), ascending.subarray(start, end));
  }
}

function skipIn(
  connection: Connection,
  columns: Columns,
  segment: number,
  gone: Uint32Array,
): void {
  const row = connection.get("SELECT passages FROM segments WHERE number = ?", segment)!;
  const bytes = columns.bytes(row, "passages");
  const passages = new Uint32Array(bytes.slice(0, bytes.length & ~3).buffer);
  const known = skippedIn(connection, columns, segment, passages.length);
  const skip = new Uint8Array(Math.ceil(passages.length / 8));
  if (known) skip.set(known);
  let found = false;
  for (const passage of gone) {
    const index = placeIn(passages, passage);
    if (passages[index] !== passage) continue;
    skip[index >> 3]! |= 1 << (index & 7);
    found = true;
  }
  if (!found) return;
  connection.run(
    "INSERT INTO skips (segment, rows) VALUES (?, ?) ON CONFLICT (segment) DO UPDATE SET rows = excluded.rows",
    segment,
    skip,
  );
}
