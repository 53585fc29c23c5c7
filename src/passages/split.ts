// Splits a document into passages: a size that a model reads at once, cut where the document's own structure allows.
import { piecesOf } from "./cut.ts";
import { type Format, formatOf } from "./format.ts";
import { htmlReading } from "./html.ts";
import { joinShort, type Lengths } from "./join.ts";
import { markdownSections } from "./markdown.ts";
import { placesIn } from "./places.ts";
import { pageSections, plainTextSections } from "./plain_text.ts";
import { asWritten, type Reading } from "./reading.ts";

/** A file's text, or, of a PDF or a DOCX, what was extracted from it. */
export interface SourceDocument {
  readonly path: string;
  /** A byte order mark is part of it. */
  readonly text: string;
}

/** A passage of a document, and where it stands there. */
export interface SourcePassage {
  /** What is judged: the headings' path on a line of its own, then the passage as it is written; of HTML, as it reads. */
  readonly text: string;
  /** The document's. */
  readonly path: string;
  /** From the outermost to the nearest. The pages of a PDF count as headings: "page 3". */
  readonly headings: readonly string[];
  /** In bytes of the document's text in UTF-8: of the file, but of the extracted text if it is a PDF or a DOCX. */
  readonly start: number;
  readonly end: number;
  /** Of the same text, from 1. */
  readonly line: number;
}

export const defaultLengths: Lengths = { minWords: 60, maxWords: 200 };

const readers: Record<Format, (text: string) => Reading> = {
  markdown: (text) => asWritten(text, markdownSections(text)),
  html: htmlReading,
  pages: (text) => asWritten(text, pageSections(text)),
  plain: (text) => asWritten(text, plainTextSections(text)),
};

/** The path's ending tells how the text is read. */
export function splitDocument(
  { path, text }: SourceDocument,
  lengths: Lengths = defaultLengths,
): SourcePassage[] {
  const mark = text.startsWith("\ufeff") ? "\ufeff" : "";
  const reading = readers[formatOf(path)](text.slice(mark.length));
  const found = passagesOf(reading, lengths);
  const places = placesIn(
    text,
    found.flatMap(({ start, end }) => [mark.length + start, mark.length + end]),
  );
  return found.map(({ start, end, ...passage }) => {
    const from = places.get(mark.length + start)!;
    const to = places.get(mark.length + end)!;
    return { ...passage, path, start: from.byte, end: to.byte, line: from.line };
  });
}

/** Their ranges are the source's. */
function passagesOf({ text, sections, sourceOf }: Reading, lengths: Lengths) {
  return sections.flatMap(({ headings, blocks }) => {
    const pieces = blocks.flatMap((block) => piecesOf(text, block, lengths.maxWords));
    const lines = headings.length > 0 ? `${headings.join(" > ")}\n` : "";
    return joinShort(text, pieces, lengths).map(({ start, end, lead }) => ({
      ...sourceOf({ start, end }),
      text: `${lines}${lead}${text.slice(start, end)}`,
      headings,
    }));
  });
}
