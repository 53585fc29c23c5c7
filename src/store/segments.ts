// Segments in the file: some thousand vectors in one row, appended in the order of their passages, checked before use.
import type { Segment } from "../../native/scan.ts";
import { isSet } from "./bitmap.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { damaged } from "./failures.ts";
import { bytesOfBits, type QuantizedRows, quantize } from "./quantize.ts";
import type { VectorModel } from "./settings.ts";
import { skippedIn } from "./skips.ts";
import type { Row } from "./sqlite.ts";

/** A segment as the file has it. */
export interface StoredSegment extends Segment {
  readonly number: number;
  /** Of each row, ascending. */
  readonly passages: Uint32Array;
  readonly bits: Uint8Array;
  readonly skip?: Uint8Array;
}

/** Rows of a passage each. */
export interface VectorRows extends QuantizedRows {
  readonly passages: Uint32Array;
}

/** Rows of a full segment: at 384 dimensions 1.7 MB. */
export const segmentRows = 4096;
/** More than any qrag has written into one. */
const maxRows = 65_536;
/** Of vectors that keep their lengths: what a number in single precision can be. */
const largestScale = 3.5e38;

const lengths = "length(passages), length(vectors), length(scales), length(bits)";

/** The numbers of a generation's segments, in order. Nothing that they hold has been read. */
export function segmentNumbers(connection: Connection, generation: number): number[] {
  return connection
    .all("SELECT number FROM segments WHERE generation = ? ORDER BY number", generation)
    .map(({ number }) => Number(number));
}

export function readSegment(
  connection: Connection,
  columns: Columns,
  number: number,
  model: VectorModel,
): StoredSegment {
  const { dimensions } = model;
  const sizes = connection.get(`SELECT rows, ${lengths} FROM segments WHERE number = ?`, number);
  const rows = sizes && columns.count(sizes, "rows");
  const wanted = rows && [rows * 4, rows * dimensions, rows * 4, rows * bytesOfBits(dimensions)];
  const [, passages, vectors, scales, bits] = Object.values(sizes ?? {});
  const fits =
    wanted &&
    rows <= maxRows &&
    [passages, vectors, scales, bits].every((size, index) => size === wanted[index]);
  if (!fits) throw damaged(connection.path, `segment ${number} has a wrong size`);
  const row = connection.get(
    "SELECT passages, vectors, scales, bits FROM segments WHERE number = ?",
    number,
  )!;
  const skip = skippedIn(connection, columns, number, rows);
  const segment = { ...segmentOf(columns, number, row), ...(skip && { skip }) };
  return checked(connection.path, segment, model);
}

function segmentOf(columns: Columns, number: number, row: Row): StoredSegment {
  const vectors = columns.bytes(row, "vectors");
  return {
    number,
    passages: new Uint32Array(columns.bytes(row, "passages").slice().buffer),
    vectors: new Int8Array(vectors.buffer, vectors.byteOffset, vectors.length),
    scales: new Float32Array(columns.bytes(row, "scales").slice().buffer),
    bits: columns.bytes(row, "bits"),
  };
}

function checked(
  path: string,
  segment: StoredSegment,
  { stateDigest }: VectorModel,
): StoredSegment {
  const { number, passages, scales } = segment;
  const ascending = passages.every((each, index) => index === 0 || each > passages[index - 1]!);
  // A vector of length 1 has no number above 1.
  const most = stateDigest === undefined ? 1 : largestScale;
  if (ascending && scales.every((scale) => scale >= 0 && scale <= most)) return segment;
  throw damaged(path, `segment ${number} holds impossible numbers`);
}

/** The vectors of passages as the model's are kept. */
export function rowsOf(
  passages: readonly number[],
  matrix: Float32Array,
  { dimensions, stateDigest }: VectorModel,
): VectorRows {
  const rows = quantize(matrix, dimensions, stateDigest !== undefined);
  return { passages: Uint32Array.from(passages), ...rows };
}

/** Writes rows behind all others; small segments at the end become full ones. */
export function appendRows(
  connection: Connection,
  columns: Columns,
  generation: number,
  model: VectorModel,
  rows: VectorRows,
): void {
  if (rows.passages.length === 0) return;
  insertSegments(connection, generation, model.dimensions, rows);
  const small: { number: number; rows: number }[] = [];
  for (const row of connection.all(
    "SELECT number, rows FROM segments WHERE generation = ? ORDER BY number DESC LIMIT ?",
    generation,
    segmentRows,
  )) {
    const one = { number: columns.count(row, "number"), rows: columns.count(row, "rows") };
    if (one.rows >= segmentRows) break;
    small.unshift(one);
  }
  const total = small.reduce((sum, { rows }) => sum + rows, 0);
  if (small.length < 2 || total < segmentRows) return;
  const segments = small.map(({ number }) => readSegment(connection, columns, number, model));
  replaceSegments(connection, generation, model.dimensions, segments);
}

/** The same rows in full segments, without those that are skipped. */
export function replaceSegments(
  connection: Connection,
  generation: number,
  dimensions: number,
  segments: readonly StoredSegment[],
): void {
  for (const { number } of segments) {
    connection.run("DELETE FROM segments WHERE number = ?", number);
  }
  insertSegments(connection, generation, dimensions, joined(segments, dimensions));
}

function joined(segments: readonly StoredSegment[], dimensions: number): VectorRows {
  const width = bytesOfBits(dimensions);
  const kept = segments.flatMap((segment) =>
    Array.from(segment.passages.keys())
      .filter((row) => !segment.skip || !isSet(segment.skip, row))
      .map((row) => ({ segment, row })),
  );
  const rows: VectorRows = {
    passages: new Uint32Array(kept.length),
    vectors: new Int8Array(kept.length * dimensions),
    scales: new Float32Array(kept.length),
    bits: new Uint8Array(kept.length * width),
  };
  for (const [index, { segment, row }] of kept.entries()) {
    rows.passages[index] = segment.passages[row]!;
    rows.scales[index] = segment.scales[row]!;
    const { vectors, bits } = segment;
    rows.vectors.set(
      vectors.subarray(row * dimensions, (row + 1) * dimensions),
      index * dimensions,
    );
    rows.bits.set(bits.subarray(row * width, (row + 1) * width), index * width);
  }
  return rows;
}

function insertSegments(
  connection: Connection,
  generation: number,
  dimensions: number,
  { passages, vectors, scales, bits }: VectorRows,
): void {
  const width = bytesOfBits(dimensions);
  for (let start = 0; start < passages.length; start += segmentRows) {
    const end = Math.min(start + segmentRows, passages.length);
    connection.run(
      "INSERT INTO segments (generation, rows, first, last, passages, vectors, scales, bits) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      generation,
      end - start,
      passages[start]!,
      passages[end - 1]!,
      bytesOf(passages.subarray(start, end)),
      bytesOf(vectors.subarray(start * dimensions, end * dimensions)),
      bytesOf(scales.subarray(start, end)),
      bytesOf(bits.subarray(start * width, end * width)),
    );
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
