// Who searches: the addon's scan, loops in JavaScript, and sqlite-vec inside SQLite.
import type { DatabaseSync } from "@photostructure/sqlite";
import { nearest, quantize, signBits } from "../../native/scan.ts";
import type { Vectors } from "./vectors.ts";

type Database = InstanceType<typeof DatabaseSync>;

export interface Contender {
  readonly name: string;
  /** What it reads of each row. */
  readonly rowBytes: number;
  /** The best rows, as numbers among all. */
  search(query: Float32Array, k: number): Promise<number[]> | number[];
}

export function qrag(vectors: Vectors, threads: number, candidates?: number): Contender {
  const { dimensions, segments, firsts } = vectors;
  const bits = candidates === undefined ? undefined : { candidates };
  return {
    name: bits ? `qrag, bits and ${candidates} rescored` : "qrag, int8",
    rowBytes: bits ? Math.ceil(dimensions / 8) : dimensions + 4,
    async search(query, k) {
      const hits = await nearest(query, dimensions, segments, { k, bits, threads });
      return hits.map(({ segment, row }) => firsts[segment]! + row);
    },
  };
}

/** The best so far, the best first. */
class Top {
  readonly rows: number[] = [];
  readonly #scores: number[] = [];
  readonly #k: number;
  floor = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  add(score: number, row: number): void {
    let at = this.rows.length;
    while (at > 0 && this.#scores[at - 1]! < score) at--;
    this.rows.splice(at, 0, row);
    this.#scores.splice(at, 0, score);
    if (this.rows.length > this.#k) {
      this.rows.pop();
      this.#scores.pop();
    }
    if (this.rows.length === this.#k) this.floor = this.#scores.at(-1)!;
  }
}

/** In doubles: what all others are measured by. */
export function floatLoop({ matrix, dimensions }: Vectors): Contender {
  return {
    name: "JavaScript, float32",
    rowBytes: 4 * dimensions,
    search(query, k) {
      const top = new Top(k);
      for (let row = 0, at = 0; at < matrix.length; row++) {
        let score = 0;
        for (let i = 0; i < dimensions; i++) score += query[i]! * matrix[at++]!;
        if (score > top.floor) top.add(score, row);
      }
      return top.rows;
    },
  };
}

export function integerLoop({ segments, firsts, dimensions }: Vectors): Contender {
  return {
    name: "JavaScript, int8",
    rowBytes: dimensions + 4,
    search(query, k) {
      const { int8 } = quantize(query);
      const top = new Top(k);
      for (const [segment, { vectors, scales }] of segments.entries()) {
        for (let row = 0, at = 0; row < scales.length; row++) {
          let product = 0;
          for (let i = 0; i < dimensions; i++) product += int8[i]! * vectors[at++]!;
          const score = product * scales[row]!;
          if (score > top.floor) top.add(score, firsts[segment]! + row);
        }
      }
      return top.rows;
    },
  };
}

/** sqlite-vec's two tables in memory; a line instead where it cannot be loaded. */
export async function sqliteVec(vectors: Vectors): Promise<Contender[] | string> {
  let database: Database;
  try {
    const { DatabaseSync: Memory } = await import("@photostructure/sqlite");
    const { getLoadablePath } = await import("sqlite-vec");
    database = new Memory(":memory:", { allowExtension: true });
    database.enableLoadExtension(true);
    database.loadExtension(getLoadablePath());
  } catch (error) {
    return `sqlite-vec cannot be loaded: ${(error as Error).message}`;
  }
  const { dimensions } = vectors;
  database.exec(
    `CREATE VIRTUAL TABLE bytes USING vec0(vector int8[${dimensions}] distance_metric=cosine)`,
  );
  database.exec(`CREATE VIRTUAL TABLE signs USING vec0(vector bit[${dimensions}])`);
  fill(database, vectors);
  const ask = (table: string, type: string) =>
    database.prepare(
      `SELECT rowid FROM ${table} WHERE vector MATCH ${type}(?) AND k = ? ORDER BY distance`,
    );
  const rowids = (rows: unknown[]) => (rows as { rowid: number }[]).map(({ rowid }) => rowid);
  const bytes = ask("bytes", "vec_int8");
  const signs = ask("signs", "vec_bit");
  return [
    {
      name: "sqlite-vec, int8",
      rowBytes: dimensions,
      search: (query, k) => rowids(bytes.all(quantize(query).int8, k)),
    },
    {
      name: "sqlite-vec, bits alone",
      rowBytes: Math.ceil(dimensions / 8),
      search: (query, k) => rowids(signs.all(signBits(query), k)),
    },
  ];
}

function fill(database: Database, { segments, firsts, dimensions }: Vectors): void {
  const intoBytes = database.prepare("INSERT INTO bytes(rowid, vector) VALUES (?, vec_int8(?))");
  const intoSigns = database.prepare("INSERT INTO signs(rowid, vector) VALUES (?, vec_bit(?))");
  const bytes = Math.ceil(dimensions / 8);
  database.exec("BEGIN");
  for (const [segment, { vectors, scales, bits }] of segments.entries()) {
    for (let row = 0; row < scales.length; row++) {
      // A number would arrive as a float.
      const id = BigInt(firsts[segment]! + row);
      intoBytes.run(id, vectors.subarray(row * dimensions, (row + 1) * dimensions));
      intoSigns.run(id, bits!.subarray(row * bytes, (row + 1) * bytes));
    }
  }
  database.exec("COMMIT");
}
