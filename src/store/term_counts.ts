// In how many passages a term is. A common one is counted by walking through all of them, so its count is kept for a while.
import type { Connection } from "./connection.ts";

/** Counts below that take less than a millisecond. */
const costly = 10_000;
/** Kept until so large a part of the store has come or gone: the counts are off by less than that. */
const keptWhile = 0.02;

export class TermCounts {
  readonly #counts = new Map<string, number>();
  #at = { passages: 0, last: 0 };

  /** To be called before the counts are asked for. `passages`: in the store now. */
  refresh(connection: Connection, passages: number): void {
    const last = Number(connection.value("SELECT max(number) FROM passages") ?? 0);
    const changed = Math.abs(passages - this.#at.passages) + Math.abs(last - this.#at.last);
    if (changed <= this.#at.passages * keptWhile) return;
    this.#counts.clear();
    this.#at = { passages, last };
  }

  of(connection: Connection, term: string): number {
    const known = this.#counts.get(term);
    if (known !== undefined) return known;
    const found = connection.value("SELECT doc FROM temp.terms WHERE term = ?", term);
    const count = Number(found ?? 0);
    if (count > costly) this.#counts.set(term, count);
    return count;
  }
}
