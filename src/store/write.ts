// Documents into the file and out of it: compared by hash, split, and written a batch a transaction.
import { createHash } from "node:crypto";
import { extname } from "node:path";
import { type SourcePassage, splitDocument } from "../passages/split.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { GivenDocument } from "./documents.ts";
import { appendRows, rowsOf } from "./segments.ts";
import type { Settings } from "./settings.ts";
import { skipPassages } from "./skips.ts";
import { pairsIn } from "./unspaced.ts";

/** A document whose text is new, with its passages. */
export interface SplitDocument {
  readonly document: GivenDocument;
  readonly hash: string;
  readonly passages: readonly SourcePassage[];
}

/** What a batch comes to. */
export interface Batch {
  readonly split: readonly SplitDocument[];
  /** The text is known, path or metadata are not. */
  readonly renamed: readonly GivenDocument[];
  readonly unchanged: number;
}

export interface Written {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Written, and embedded if the store has an embedder. */
  readonly passages: number;
}

/** Counted up where documents are split in another way than before, so that all are split again. */
const splitting = 2;

/** Compares and splits; nothing is written. Of documents with one id the last counts. */
export function prepare(connection: Connection, documents: readonly GivenDocument[]): Batch {
  const split: SplitDocument[] = [];
  const renamed: GivenDocument[] = [];
  let unchanged = 0;
  for (const document of new Map(documents.map((each) => [each.id, each])).values()) {
    const hash = hashOf(document);
    const known = connection.get(
      "SELECT hash, path, metadata FROM documents WHERE id = ?",
      document.id,
    );
    if (known?.hash !== hash) {
      split.push({ document, hash, passages: passagesOf(document) });
    } else if (known.path === document.path && known.metadata === document.metadata) {
      unchanged++;
    } else {
      renamed.push(document);
    }
  }
  return { split, renamed, unchanged };
}

function passagesOf(document: GivenDocument): SourcePassage[] {
  const { path, text } = named(document);
  if (!document.whole) return splitDocument({ path, text });
  if (text.trim() === "") return [];
  return [{ text, path, headings: [], start: 0, end: Buffer.byteLength(text), line: 1 }];
}

/** The splitter knows the format by the path's ending. */
function named({ id, path, text }: GivenDocument) {
  return { path: path ?? id, text };
}

function hashOf(document: GivenDocument): string {
  const { path, text } = named(document);
  const form = document.whole ? "whole" : extname(path).toLowerCase();
  return createHash("sha256").update(`${splitting} ${form}\n`).update(text).digest("hex");
}

/** `matrix`: the vectors of all passages in their order; undefined in a store without vectors. */
export function commit(
  connection: Connection,
  columns: Columns,
  { model, generation }: Settings,
  { split, renamed, unchanged }: Batch,
  matrix: Float32Array | undefined,
): Written {
  const gone: number[] = [];
  const numbers: number[] = [];
  let added = 0;
  for (const { document, hash, passages } of split) {
    const known = connection.value("SELECT number FROM documents WHERE id = ?", document.id);
    if (known === undefined) added++;
    else gone.push(...removePassages(connection, columns, Number(known)));
    const number = putDocument(connection, document, hash, passages.length);
    for (const passage of passages) numbers.push(insertPassage(connection, number, passage));
  }
  for (const { id, path, metadata } of renamed) {
    connection.run("UPDATE documents SET path = ?, metadata = ? WHERE id = ?", path, metadata, id);
  }
  skipPassages(connection, columns, gone);
  if (model && matrix) {
    appendRows(connection, columns, generation, model, rowsOf(numbers, matrix, model));
  }
  const updated = split.length - added + renamed.length;
  return { added, updated, unchanged, passages: numbers.length };
}

function putDocument(
  connection: Connection,
  { id, path, metadata }: GivenDocument,
  hash: string,
  passages: number,
): number {
  connection.run(
    `INSERT INTO documents (id, path, metadata, hash, passages) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET path = excluded.path, metadata = excluded.metadata, hash = excluded.hash,
       passages = excluded.passages`,
    id,
    path,
    metadata,
    hash,
    passages,
  );
  return Number(connection.value("SELECT number FROM documents WHERE id = ?", id));
}

function insertPassage(
  connection: Connection,
  document: number,
  { text, headings, line, start, end }: SourcePassage,
): number {
  const number = connection.run(
    "INSERT INTO passages (document, text, headings, line, start, stop) VALUES (?, ?, ?, ?, ?, ?)",
    document,
    text,
    JSON.stringify(headings),
    line,
    start,
    end,
  );
  connection.run("INSERT INTO words (rowid, text) VALUES (?, ?)", number, text);
  const pairs = pairsIn(text);
  if (pairs.length > 0) {
    connection.run("INSERT INTO pairs (rowid, text) VALUES (?, ?)", number, pairs.join(" "));
  }
  return number;
}

/** Returns the numbers of the passages that are gone; their vectors are still there. */
function removePassages(connection: Connection, columns: Columns, document: number): number[] {
  const rows = connection.all("SELECT number, text FROM passages WHERE document = ?", document);
  return rows.map((row) => {
    const number = columns.count(row, "number");
    const text = columns.text(row, "text");
    connection.run("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", number, text);
    const pairs = pairsIn(text);
    if (pairs.length > 0) {
      connection.run(
        "INSERT INTO pairs (pairs, rowid, text) VALUES ('delete', ?, ?)",
        number,
        pairs.join(" "),
      );
    }
    connection.run("DELETE FROM passages WHERE number = ?", number);
    return number;
  });
}

/** Returns how many of the documents were there. */
export function removeDocuments(
  connection: Connection,
  columns: Columns,
  ids: readonly string[],
): number {
  const gone: number[] = [];
  let removed = 0;
  for (const id of new Set(ids)) {
    const number = connection.value("SELECT number FROM documents WHERE id = ?", id);
    if (number === undefined) continue;
    gone.push(...removePassages(connection, columns, Number(number)));
    connection.run("DELETE FROM documents WHERE number = ?", Number(number));
    removed++;
  }
  skipPassages(connection, columns, gone);
  return removed;
}
