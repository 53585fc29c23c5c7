// A connection to a store's file: prepared statements, transactions, and the settings that keep a hostile file harmless.
import { explained } from "./failures.ts";
import { type Database, openDatabase, type Row, type Value } from "./sqlite.ts";

export interface ConnectionSettings {
  readonly readOnly: boolean;
  /** Milliseconds. */
  readonly waitForWriter: number;
}

export class Connection {
  readonly path: string;
  readonly #database: Database;
  readonly #statements = new Map<string, ReturnType<Database["prepare"]>>();

  constructor(path: string, { readOnly, waitForWriter }: ConnectionSettings) {
    this.path = path;
    this.#database = this.#attempt(() => openDatabase(path, readOnly));
    try {
      // First of all: from here on no view, trigger or default value in the file can call a function of ours.
      this.exec("PRAGMA trusted_schema = OFF");
      this.#database.enableDefensive?.(true);
      this.exec(`PRAGMA busy_timeout = ${waitForWriter}`);
      this.exec("PRAGMA cell_size_check = ON");
      this.exec("PRAGMA temp_store = MEMORY");
      this.exec("PRAGMA foreign_keys = ON");
      // In WAL mode a crash of the process loses nothing; a power cut may lose the last batches, and tears none.
      this.exec("PRAGMA synchronous = NORMAL");
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  exec(sql: string): void {
    this.#attempt(() => this.#database.exec(sql));
  }

  run(sql: string, ...values: Value[]): number {
    return this.#attempt(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#attempt(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#attempt(() => this.#statement(sql).all(...values));
  }

  /** The only column of the only row. */
  value(sql: string, ...values: Value[]): unknown {
    const row = this.get(sql, ...values);
    return row && Object.values(row)[0];
  }

  /** All or nothing, and no other writer meanwhile. */
  write<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Everything that is read comes from one state of the file. */
  async read<T>(work: () => T | Promise<T>): Promise<T> {
    this.exec("BEGIN");
    try {
      return await work();
    } finally {
      this.#rollBack();
    }
  }

  /** Statements of some versions live on until they are collected, and then SQLite does not tidy up by itself. */
  close(): void {
    try {
      this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {}
    this.#database.close();
  }

  #statement(sql: string) {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** SQLite may have done it by itself. */
  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {}
  }

  #attempt<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw explained(this.path, error);
    }
  }
}
