// Files that exist in a test only: the lines the readers are handed.
import type { TextLine } from "../../src/eval/rows.ts";

export async function* lines(content: string): AsyncGenerator<TextLine, void> {
  for (const [index, text] of content.split("\n").entries()) yield { number: index + 1, text };
}
