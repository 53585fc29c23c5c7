// A piece of a document, and how neighbours become one.
import type { Range } from "./block.ts";
import { countWords } from "./words.ts";

/** A block, or a part of one. */
export interface Piece extends Range {
  readonly words: number;
  /** What has to stand before it to be understood; empty where it follows what it was cut from. */
  readonly lead: string;
}

/** Joins each piece with the one before it where that is wanted and the two have at most `most` words. */
export function joinWhere(
  text: string,
  pieces: readonly Piece[],
  most: number,
  wanted: (before: Piece, piece: Piece) => boolean,
): Piece[] {
  const all: Piece[] = [];
  for (const piece of pieces) {
    const before = all.at(-1);
    const both = before && wanted(before, piece) ? joined(text, before, piece) : undefined;
    if (both && countWords(both.lead) + both.words <= most) all[all.length - 1] = both;
    else all.push(piece);
  }
  return all;
}

/** With what stands between the two: the mark of a quotation, a rule. */
function joined(text: string, piece: Piece, next: Piece): Piece {
  const between = countWords(text.slice(piece.end, next.start));
  return { ...piece, end: next.end, words: piece.words + between + next.words };
}
