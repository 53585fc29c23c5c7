// What is in a store: its documents page by page, and its numbers.
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { Settings } from "./settings.ts";

export interface StoredDocument {
  readonly id: string;
  readonly path: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly passages: number;
}

export interface StoreStats {
  readonly path: string;
  readonly documents: number;
  readonly passages: number;
  /** Whose vectors the store holds; undefined: it is searched by keywords only. */
  readonly model: { readonly name: string; readonly sha256: string } | undefined;
  readonly dimensions: number | undefined;
  /** Vectors of passages that are gone; `compact` gives their room back. */
  readonly deletedVectors: number;
  /** Of the file. */
  readonly bytes: number;
}

const pageLength = 500;

/** Documents in the order of their ids, from behind `after`. */
export function documentsAfter(
  connection: Connection,
  columns: Columns,
  after: string,
): StoredDocument[] {
  const rows = connection.all(
    "SELECT id, path, metadata, passages FROM documents WHERE id > ? ORDER BY id LIMIT ?",
    after,
    pageLength,
  );
  return rows.map((row) => ({
    id: columns.text(row, "id"),
    path: columns.textOrNull(row, "path"),
    metadata: columns.object(row, "metadata"),
    passages: columns.count(row, "passages"),
  }));
}

export function statsOf(connection: Connection, { model, generation }: Settings): StoreStats {
  const passages = countPassages(connection);
  const rows = Number(
    connection.value(
      "SELECT coalesce(sum(rows), 0) FROM segments WHERE generation = ?",
      generation,
    ),
  );
  return {
    path: connection.path,
    documents: Number(connection.value("SELECT count(*) FROM documents")),
    passages,
    model: model && { name: model.name, sha256: model.digest },
    dimensions: model?.dimensions,
    deletedVectors: model ? rows - passages : 0,
    bytes:
      Number(connection.value("PRAGMA page_count")) * Number(connection.value("PRAGMA page_size")),
  };
}

export function countPassages(connection: Connection): number {
  return Number(connection.value("SELECT count(*) FROM passages"));
}

/** The numbers of passages, ascending. As one value: in a million rows they would take a hundred times the memory. */
export function passageNumbers(connection: Connection, where = ""): Uint32Array {
  const list = connection.value(`SELECT json_group_array(number) FROM passages ${where}`);
  return Uint32Array.from(JSON.parse(String(list)) as number[]).sort();
}
