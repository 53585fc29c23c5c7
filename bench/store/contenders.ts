// Other stores of vectors in a folder, given the same ones: sqlite-vec, and LanceDB where it is installed.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { quantize } from "../../native/quantize.ts";

export interface Contender {
  readonly name: string;
  readonly folder: string;
  fill(rows: number, vectorOf: (row: number) => Float32Array): Promise<void>;
  search(query: Float32Array, k: number): Promise<void>;
  close(): Promise<void>;
}

/** A line instead where it cannot be loaded. */
export async function sqliteVec(parent: string, dimensions: number): Promise<Contender | string> {
  const folder = folderIn(parent, "sqlite-vec");
  try {
    const { DatabaseSync } = await import("@photostructure/sqlite");
    const { getLoadablePath } = await import("sqlite-vec");
    const database = new DatabaseSync(join(folder, "vectors.db"), { allowExtension: true });
    database.enableLoadExtension(true);
    database.loadExtension(getLoadablePath());
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = NORMAL");
    database.exec(
      `CREATE VIRTUAL TABLE bytes USING vec0(vector int8[${dimensions}] distance_metric=cosine)`,
    );
    const insert = database.prepare("INSERT INTO bytes(rowid, vector) VALUES (?, vec_int8(?))");
    const ask = database.prepare(
      "SELECT rowid FROM bytes WHERE vector MATCH vec_int8(?) AND k = ? ORDER BY distance",
    );
    return {
      name: "sqlite-vec, int8",
      folder,
      async fill(rows, vectorOf) {
        for (let first = 0; first < rows; first += batchRows) {
          database.exec("BEGIN");
          for (let row = first; row < Math.min(rows, first + batchRows); row++) {
            // A number would arrive as a float.
            insert.run(BigInt(row), quantize(vectorOf(row)).int8);
          }
          database.exec("COMMIT");
        }
      },
      async search(query, k) {
        ask.all(quantize(query).int8, k);
      },
      async close() {
        database.close();
      },
    };
  } catch (error) {
    return `sqlite-vec cannot be loaded: ${(error as Error).message}`;
  }
}

const batchRows = 5000;

/** The little of LanceDB that is used here. */
interface Lance {
  connect(folder: string): Promise<{
    createTable(name: string, rows: readonly object[]): Promise<LanceTable>;
  }>;
}

interface LanceTable {
  add(rows: readonly object[]): Promise<unknown>;
  vectorSearch(vector: readonly number[]): {
    limit(count: number): { toArray(): Promise<unknown[]> };
  };
  close(): void;
}

/** Without an index it compares every row, as the others do. */
export async function lanceDb(parent: string): Promise<Contender | string> {
  const folder = folderIn(parent, "lancedb");
  // A name that is not written out: nobody has to install it.
  const name: string = "@lancedb/lancedb";
  let lance: Lance;
  try {
    lance = (await import(name)) as Lance;
  } catch {
    return `LanceDB is not installed: npm install --no-save ${name}`;
  }
  const connection = await lance.connect(folder);
  let table: LanceTable | undefined;
  return {
    name: "LanceDB, float32, no index",
    folder,
    async fill(rows, vectorOf) {
      for (let first = 0; first < rows; first += batchRows) {
        const batch = Array.from({ length: Math.min(batchRows, rows - first) }, (_, row) => ({
          number: first + row,
          vector: Array.from(vectorOf(first + row)),
        }));
        if (table) await table.add(batch);
        else table = await connection.createTable("vectors", batch);
      }
    },
    async search(query, k) {
      await table!.vectorSearch(Array.from(query)).limit(k).toArray();
    },
    async close() {
      table?.close();
    },
  };
}

function folderIn(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
