// A text that is put together from words of a source, and knows where in the source each of them stands.
import type { Range } from "./block.ts";

/** What stands between two words, from the weakest to the strongest. */
export const gaps = { none: 0, space: 1, line: 2, emptyLine: 3 } as const;
export type Gap = (typeof gaps)[keyof typeof gaps];

const written = ["", " ", "\n", "\n\n"] as const;

/** A stretch of the text and what it comes from; character for character where both are of one length. */
interface Origin {
  readonly start: number;
  end: number;
  readonly from: number;
  to: number;
}

export class ReadableText {
  readonly #origins: Origin[] = [];
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
    this.#note(this.#text.length, words.length, from, to);
    this.#text += words;
    return start;
  }

  /** From the first to the last of what the range's words come from. */
  sourceOf({ start, end }: Range): Range {
    let from = Infinity;
    let to = -1;
    const first = this.#firstBehind(start);
    for (let index = first; index < this.#origins.length; index++) {
      const origin = this.#origins[index]!;
      if (origin.start >= end) break;
      const exact = origin.to - origin.from === origin.end - origin.start;
      const before = exact ? Math.max(0, start - origin.start) : 0;
      const behind = exact ? Math.max(0, origin.end - end) : 0;
      from = Math.min(from, origin.from + before);
      to = Math.max(to, origin.to - behind);
    }
    if (to >= 0) return { start: from, end: to };
    // Nothing but marks: they stand where the words before them end.
    const place = this.#origins[first - 1]?.to ?? 0;
    return { start: place, end: place };
  }

  #note(start: number, length: number, from: number, to: number): void {
    const last = this.#origins.at(-1);
    const goesOn =
      last?.end === start &&
      last.to === from &&
      last.to - last.from === last.end - last.start &&
      to - from === length;
    if (goesOn) {
      last.end += length;
      last.to = to;
    } else {
      this.#origins.push({ start, end: start + length, from, to });
    }
  }

  /** The index of the first origin that ends behind `start`. */
  #firstBehind(start: number): number {
    let low = 0;
    let high = this.#origins.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#origins[middle]!.end > start) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
