// Plain text to blocks: paragraphs between empty lines, under no heading.
import type { Block, Section } from "./block.ts";

const gap = /(?:\r\n|\r(?!\n)|\n)[^\S\r\n]*[\r\n]\s*/g;

export function plainTextSections(text: string): Section[] {
  const blocks: Block[] = [];
  let start = 0;
  for (const { index, 0: empty } of text.matchAll(gap)) {
    blocks.push({ start, end: index, parts: "sentences" });
    start = index + empty.length;
  }
  blocks.push({ start, end: text.length, parts: "sentences" });
  return [{ headings: [], blocks }];
}
