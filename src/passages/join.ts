// Joins neighbouring pieces under one heading: what is too short is not left alone where a neighbour has room for it.
import { joinWhere, type Piece } from "./piece.ts";

export interface Lengths {
  /** Shorter passages are joined with a neighbour if the two fit together. */
  readonly minWords: number;
  readonly maxWords: number;
}

export function joinShort(
  text: string,
  pieces: readonly Piece[],
  { minWords, maxWords }: Lengths,
): Piece[] {
  const short = ({ words }: Piece) => words < minWords;
  // "These are allowed:" belongs to what follows.
  const introduces = ({ end }: Piece) => text[end - 1] === ":";
  const forwards = joinWhere(
    text,
    pieces,
    maxWords,
    (before, piece) => short(before) || (short(piece) && !introduces(piece)),
  );
  // What is short still had no room in what follows.
  return joinWhere(text, forwards, maxWords, (_, piece) => short(piece));
}
