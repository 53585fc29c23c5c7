// Work on a whole store: the room of what is gone given back, and all vectors made again by another model.
import { QragError } from "../../base/errors.ts";
import { placeIn } from "./ascending.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { passageNumbers } from "./read.ts";
import {
  appendRows,
  readSegment,
  replaceSegments,
  rowsOf,
  segmentNumbers,
  segmentRows,
} from "./segments.ts";
import { readSettings, type Settings, type VectorModel, writeSettings } from "./settings.ts";
import { skipPassages } from "./skips.ts";

export function compactStore(connection: Connection, columns: Columns): void {
  connection.write(() => {
    const { model, generation } = readSettings(connection);
    connection.run("DELETE FROM segments WHERE generation != ?", generation);
    if (model) compactSegments(connection, columns, generation, model);
    connection.run("INSERT INTO words (words) VALUES ('optimize')");
    connection.run("INSERT INTO pairs (pairs) VALUES ('optimize')");
  });
  connection.exec("VACUUM");
  connection.all("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Some segments at a time: as many as are read into memory at once. */
const segmentsAtOnce = 16;

function compactSegments(
  connection: Connection,
  columns: Columns,
  generation: number,
  model: VectorModel,
): void {
  const touched = connection.all(
    "SELECT number FROM segments WHERE generation = ? AND (rows < ? OR number IN (SELECT segment FROM skips)) ORDER BY number",
    generation,
    segmentRows,
  );
  if (touched.length < 2 && !touched.some(({ number }) => isSkipping(connection, Number(number)))) {
    return;
  }
  // From the first that changes on, all of them, so that passages stay in ascending order.
  const first = Number(touched[0]!.number);
  const numbers = segmentNumbers(connection, generation).filter((number) => number >= first);
  for (let start = 0; start < numbers.length; start += segmentsAtOnce) {
    const segments = numbers
      .slice(start, start + segmentsAtOnce)
      .map((number) => readSegment(connection, columns, number, model));
    replaceSegments(connection, generation, model.dimensions, segments);
  }
}

function isSkipping(connection: Connection, number: number): boolean {
  return connection.value("SELECT 1 FROM skips WHERE segment = ?", number) === 1;
}

/** Passages that are to get new vectors. */
export interface PassagePage {
  readonly numbers: readonly number[];
  readonly texts: readonly string[];
}

const pageLength = 256;

/** A generation beside the present one; what an earlier attempt has left is gone. */
export function beginGeneration(connection: Connection): number {
  return connection.write(() => {
    const { generation } = readSettings(connection);
    connection.run("DELETE FROM segments WHERE generation != ?", generation);
    return generation + 1;
  });
}

export function passagesAfter(
  connection: Connection,
  columns: Columns,
  after: number,
): PassagePage {
  const rows = connection.all(
    "SELECT number, text FROM passages WHERE number > ? ORDER BY number LIMIT ?",
    after,
    pageLength,
  );
  return {
    numbers: rows.map((row) => columns.count(row, "number")),
    texts: rows.map((row) => columns.text(row, "text")),
  };
}

export function addToGeneration(
  connection: Connection,
  columns: Columns,
  generation: number,
  model: VectorModel,
  numbers: readonly number[],
  matrix: Float32Array,
): void {
  connection.write(() => {
    appendRows(connection, columns, generation, model, rowsOf(numbers, matrix, model));
  });
}

function disturbed(path: string): QragError {
  return new QragError(
    "STORE_BUSY",
    `${path} was compacted or embedded anew by another process meanwhile. Nothing has changed; try again.`,
  );
}

/**
 * Puts the new generation in the old one's place, unless passages have come since `last`; says whether it did. Passages
 * that have gone since are skipped.
 */
export function finishGeneration(
  connection: Connection,
  columns: Columns,
  { model, generation }: { readonly model: VectorModel; readonly generation: number },
  last: number,
): boolean {
  return connection.write(() => {
    if (connection.value("SELECT 1 FROM passages WHERE number > ? LIMIT 1", last)) return false;
    const present = passageNumbers(connection);
    const isPresent = (passage: number) => present[placeIn(present, passage)] === passage;
    let made = 0;
    const gone: number[] = [];
    for (const number of segmentNumbers(connection, generation)) {
      const { passages } = readSegment(connection, columns, number, model);
      made += passages.length;
      for (const passage of passages) if (!isPresent(passage)) gone.push(passage);
    }
    if (made - gone.length !== present.length) throw disturbed(connection.path);
    skipPassages(connection, columns, gone);
    connection.run("DELETE FROM segments WHERE generation != ?", generation);
    const settings: Settings = { model, generation };
    writeSettings(connection, settings);
    return true;
  });
}
