// Values out of a row, checked: a file that somebody else wrote may hold anything.
import { damaged } from "./failures.ts";
import type { Row } from "./sqlite.ts";

/** Reads the columns of one file's rows. */
export class Columns {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  text(row: Row, name: string): string {
    const value = row[name];
    return typeof value === "string" ? value : this.#refuse(name);
  }

  textOrNull(row: Row, name: string): string | undefined {
    return row[name] === null ? undefined : this.text(row, name);
  }

  /** A whole number from 0. */
  count(row: Row, name: string): number {
    const value = row[name];
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? (value as number)
      : this.#refuse(name);
  }

  bytes(row: Row, name: string): Uint8Array {
    const value = row[name];
    return value instanceof Uint8Array ? value : this.#refuse(name);
  }

  strings(row: Row, name: string): string[] {
    const value = this.#json(row, name);
    return Array.isArray(value) && value.every((each) => typeof each === "string")
      ? value
      : this.#refuse(name);
  }

  object(row: Row, name: string): Record<string, unknown> {
    const value = this.#json(row, name);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : this.#refuse(name);
  }

  #json(row: Row, name: string): unknown {
    try {
      return JSON.parse(this.text(row, name));
    } catch {
      return this.#refuse(name);
    }
  }

  #refuse(name: string): never {
    throw damaged(this.#path, `a value of ${name} is not what it has to be`);
  }
}
