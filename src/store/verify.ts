// Whether everything in a store fits together: SQLite's own checks, the indexes, and a vector for every passage.

import { QragError } from "../../base/errors.ts";
import { placeIn } from "./ascending.ts";
import { isSet } from "./bitmap.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { passageNumbers } from "./read.ts";
import { readSegment, segmentNumbers } from "./segments.ts";
import type { Settings } from "./settings.ts";

export interface Verification {
  readonly ok: boolean;
  readonly problems: readonly string[];
}

/** Problems that are listed; a file with more is no better known for it. */
const mostListed = 20;

export function verifyStore(
  connection: Connection,
  columns: Columns,
  settings: Settings,
  readOnly: boolean,
): Verification {
  const problems = [
    ...found(() => fileProblems(connection)),
    ...found(() => documentProblems(connection)),
    ...found(() => indexProblems(connection, readOnly)),
    ...found(() => vectorProblems(connection, columns, settings)),
  ];
  return { ok: problems.length === 0, problems: problems.slice(0, mostListed) };
}

/** What a check fails with is a problem, too; another process that writes is none of the store's. */
function found(check: () => string[]): string[] {
  try {
    return check();
  } catch (error) {
    if (error instanceof QragError && error.code === "STORE_BUSY") throw error;
    return [(error as Error).message];
  }
}

function fileProblems(connection: Connection): string[] {
  return connection
    .all(`PRAGMA integrity_check(${mostListed})`)
    .map((row) => String(Object.values(row)[0]))
    .filter((line) => line !== "ok");
}

function documentProblems(connection: Connection): string[] {
  const stray = Number(
    connection.value(
      "SELECT count(*) FROM passages WHERE document NOT IN (SELECT number FROM documents)",
    ),
  );
  const torn = Number(
    connection.value(
      `SELECT count(*) FROM documents WHERE passages !=
        (SELECT count(*) FROM passages WHERE passages.document = documents.number)`,
    ),
  );
  return [
    ...(stray > 0 ? [`${stray} passages belong to no document`] : []),
    ...(torn > 0 ? [`${torn} documents have too many or too few passages`] : []),
  ];
}

/** FTS5 is asked by a command that looks like a write: only where the store may be written. */
function indexProblems(connection: Connection, readOnly: boolean): string[] {
  if (readOnly) return [];
  connection.run("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)");
  connection.run("INSERT INTO pairs (pairs) VALUES ('integrity-check')");
  return [];
}

function vectorProblems(
  connection: Connection,
  columns: Columns,
  { model, generation }: Settings,
): string[] {
  if (!model) return [];
  const numbers = passageNumbers(connection);
  const present = new Uint8Array(numbers.length);
  let missing = numbers.length;
  let unknown = 0;
  for (const segment of segmentNumbers(connection, generation)) {
    const { passages, skip } = readSegment(connection, columns, segment, model);
    for (const [row, passage] of passages.entries()) {
      if (skip && isSet(skip, row)) continue;
      const place = placeIn(numbers, passage);
      if (numbers[place] !== passage || present[place] === 1) {
        unknown++;
      } else {
        present[place] = 1;
        missing--;
      }
    }
  }
  return [
    ...(missing > 0 ? [`${missing} passages have no vector`] : []),
    ...(unknown > 0 ? [`${unknown} vectors belong to no passage, or to one that has another`] : []),
  ];
}
