// A document as it reads: the text that blocks are cut from, and where that text stands in the document.
import type { Range, Section } from "./block.ts";

export interface Reading {
  /** Without markup that a reader does not see; the ranges of the sections' blocks are of this text. */
  readonly text: string;
  readonly sections: readonly Section[];
  /** From a range of this text to one of the document's. */
  sourceOf(range: Range): Range;
}

/** Of a document that is read as it is written. */
export function asWritten(text: string, sections: readonly Section[]): Reading {
  return { text, sections, sourceOf: (range) => range };
}
