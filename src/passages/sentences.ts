// The sentences of a stretch of text, by Unicode's rules.
import type { Range } from "./block.ts";

/** V8 copies the text that it segments for every sentence: it gets no more at once than has some of them. */
const unitsAtOnce = 4096;

let segmenter: Intl.Segmenter | undefined;

/** White space behind a sentence belongs to it. A line break inside a paragraph ends none. */
export function sentencesIn(text: string, start: number, end: number): Range[] {
  segmenter ??= new Intl.Segmenter("en", { granularity: "sentence" });
  const flat = text.slice(start, end).replace(/[\r\n]/g, " ");
  const sentences: Range[] = [];
  let units = unitsAtOnce;
  for (let from = 0; from < flat.length; ) {
    const segments = segmenter.segment(flat.slice(from, from + units));
    // Where that many units were too few for the first, only that one: the others are cheaper to find in less text.
    const found = units === unitsAtOnce ? Array.from(segments) : [segments.containing(0)!];
    const lengths = found.map(({ segment }) => segment.length);
    // The last one may go on.
    if (from + units < flat.length && (units === unitsAtOnce || lengths[0] === units))
      lengths.pop();
    units = lengths.length > 0 ? unitsAtOnce : units * 2;
    for (const length of lengths) {
      sentences.push({ start: start + from, end: start + from + length });
      from += length;
    }
  }
  return sentences;
}
