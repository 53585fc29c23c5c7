// What is in a store: its documents page by page, and its numbers.
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { type Hit, readHit } from "./hits.ts";
import type { Settings } from "./settings.ts";

export interface StoredDocument {
  readonly id: string;
  readonly path: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly passages: number;
}

/** A passage, and where it stands. */
export type StoredPassage = Omit<Hit, "score" | "explain" | "verdict" | "vector">;

export interface StoredPage {
  readonly passages: readonly StoredPassage[];
  /** The number of the last of them; undefined where there are none. */
  readonly last: number | undefined;
}

export interface StoreStats {
  readonly path: string;
  readonly documents: number;
  readonly passages: number;
  /** Whose vectors the store holds; undefined: it is searched by keywords only. */
  readonly model:
    | {
        readonly name: string;
        readonly sha256: string;
        /** Of the state embedder, where there is one. */
        readonly stateSha256?: string;
      }
    | undefined;
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

/** Passages in the order of their numbers, from behind `after`. */
export function storedAfter(connection: Connection, columns: Columns, after: number): StoredPage {
  const numbers = connection
    .all("SELECT number FROM passages WHERE number > ? ORDER BY number LIMIT ?", after, pageLength)
    .map((row) => columns.count(row, "number"));
  const passages = numbers.map((number) => {
    const { score: _, ...passage } = readHit(connection, columns, number, 0, undefined);
    return passage;
  });
  return { passages, last: numbers.at(-1) };
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
    model: model && {
      ...{ name: model.name, sha256: model.digest },
      ...(model.stateDigest !== undefined && { stateSha256: model.stateDigest }),
    },
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
