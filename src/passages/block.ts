// What a document consists of: blocks under headings, whatever its format.

/** From one index of the document's text to another, the latter not included. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A paragraph, a list, a table: kept whole where it can be. */
export interface Block extends Range {
  /** Where it may be cut if it is too long: between blocks of its own, behind sentences or lines, or between words. */
  readonly parts: readonly Block[] | "sentences" | "lines" | "words";
  /** What every part but the first repeats: the header row of a table. */
  readonly head?: Range;
}

export interface Section {
  /** From the outermost heading to the section's own, as plain text; empty before the first. */
  readonly headings: readonly string[];
  readonly blocks: readonly Block[];
}
