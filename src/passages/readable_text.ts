// A text that is put together from words of a source, and knows where in the source each of them stands.
import type { Range } from "./block.ts";
import { addRun, partOf, type Run } from "./runs.ts";

/** What stands between two words, from the weakest to the strongest. */
export const gaps = { none: 0, space: 1, line: 2, emptyLine: 3 } as const;
export type Gap = (typeof gaps)[keyof typeof gaps];

const written = ["", " ", "\n", "\n\n"] as const;

export class ReadableText {
  readonly #runs: Run[] = [];
  #text = "";
  #gap: Gap = gaps.none;
  #mark = "";

  get text(): string {
    return this.#text;
  }

  get length(): number {
    return this.#text.length;
  }

  /** Stands before the next words; of several, the strongest. Behind a mark there is none. */
  gap(gap: Gap): void {
    if (gap > this.#gap && this.#mark === "") this.#gap = gap;
  }

  /** Stands right before the next words, behind any gap: the mark of a list's item, the bar between cells. */
  mark(mark: string): void {
    this.#mark = mark;
  }

  /** None, whatever was asked for. */
  noGap(): void {
    this.#gap = gaps.none;
  }

  get marked(): string {
    return this.#mark;
  }

  /** Adds words that stand in the source from `from` to `to`. Returns where they start, or their mark. */
  put(words: string, from: number, to: number): number {
    if (this.#text !== "") this.#text += written[this.#gap];
    const start = this.#text.length;
    this.#text += this.#mark;
    this.#gap = gaps.none;
    this.#mark = "";
    const at = this.#text.length;
    addRun(this.#runs, { start: at, end: at + words.length, from, to });
    this.#text += words;
    return start;
  }

  /** From the first to the last of what the range's words come from. */
  sourceOf(range: Range): Range {
    let start = Infinity;
    let end = -1;
    const first = this.#firstBehind(range.start);
    for (let index = first; index < this.#runs.length; index++) {
      const run = this.#runs[index]!;
      if (run.start >= range.end) break;
      const { from, to } = partOf(run, range);
      start = Math.min(start, from);
      end = Math.max(end, to);
    }
    if (end >= 0) return { start, end };
    // Nothing but marks: they stand where the words before them end.
    const place = this.#runs[first - 1]?.to ?? 0;
    return { start: place, end: place };
  }

  /** The index of the first run that ends behind `start`. */
  #firstBehind(start: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle]!.end > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
