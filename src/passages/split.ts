// Splits a document into passages: a size that a model reads at once, cut where the document's own structure allows.
import { extname } from "node:path";
import { piecesOf } from "./cut.ts";
import { joinShort, type Lengths } from "./join.ts";
import { markdownSections } from "./markdown.ts";
import { Places } from "./places.ts";
import { plainTextSections } from "./plain_text.ts";

export interface SourceDocument {
  readonly path: string;
  /** A byte order mark is part of it. */
  readonly text: string;
}

/** A passage of a document, and where it stands there. */
export interface SourcePassage {
  /** What is judged: the headings' path on a line of its own, then the passage as it is written. */
  readonly text: string;
  /** The document's. */
  readonly path: string;
  /** From the outermost to the nearest. */
  readonly headings: readonly string[];
  /** In bytes of the document in UTF-8. */
  readonly start: number;
  readonly end: number;
  /** Of the document, from 1. */
  readonly line: number;
}

export const defaultLengths: Lengths = { minWords: 60, maxWords: 200 };

const markdownEndings: readonly string[] = [".md", ".markdown"];

/** By the path's ending a document is Markdown, or else plain text. */
export function splitDocument(
  { path, text }: SourceDocument,
  lengths: Lengths = defaultLengths,
): SourcePassage[] {
  const markdown = markdownEndings.includes(extname(path).toLowerCase());
  const mark = text.startsWith("\ufeff") ? "\ufeff" : "";
  const body = text.slice(mark.length);
  const sections = markdown ? markdownSections(body) : plainTextSections(body);
  const places = new Places(text);
  return sections.flatMap(({ headings, blocks }) => {
    const pieces = blocks.flatMap((block) => piecesOf(body, block, lengths.maxWords));
    return joinShort(body, pieces, lengths).map(({ start, end, lead }) => {
      const from = places.at(mark.length + start);
      const to = places.at(mark.length + end);
      const lines = headings.length > 0 ? `${headings.join(" > ")}\n` : "";
      return {
        text: `${lines}${lead}${body.slice(start, end)}`,
        path,
        headings,
        start: from.byte,
        end: to.byte,
        line: from.line,
      };
    });
  });
}
