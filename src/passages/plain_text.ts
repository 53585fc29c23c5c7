// Plain text to blocks: paragraphs between empty lines, under no heading, or under the number of their page.
import type { Block, Section } from "./block.ts";

const gap = /(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*[\r\n]\s*/g;
const pageEnd = "\f";

export function plainTextSections(text: string): Section[] {
  return [{ headings: [], blocks: blocksIn(text, 0) }];
}

/** Each page ends with a form feed. Text without one has no pages. */
export function pageSections(text: string): Section[] {
  if (!text.includes(pageEnd)) return plainTextSections(text);
  let start = 0;
  return text.split(pageEnd).map((page, index) => {
    const blocks = blocksIn(page, start);
    start += page.length + pageEnd.length;
    return { headings: [`page ${index + 1}`], blocks };
  });
}

/** `offset`: where `text` begins in the whole. */
function blocksIn(text: string, offset: number): Block[] {
  const blocks: Block[] = [];
  let start = 0;
  for (const { index, 0: empty } of text.matchAll(gap)) {
    blocks.push({ start: offset + start, end: offset + index, parts: "sentences" });
    start = index + empty.length;
  }
  blocks.push({ start: offset + start, end: offset + text.length, parts: "sentences" });
  return blocks;
}
