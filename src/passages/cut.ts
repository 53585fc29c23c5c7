// Cuts a block that is too long: between its parts, else behind sentences, else behind lines, else between words.
import type { Block, Range } from "./block.ts";
import { joinWhere, type Piece } from "./piece.ts";
import { sentencesIn } from "./sentences.ts";
import { countWords, wordsIn } from "./words.ts";

/** The block as it is, or in pieces of about one length, none of which has more than `most` words. */
export function piecesOf(text: string, block: Block, most: number): Piece[] {
  const words = countWords(text.slice(block.start, block.end));
  if (words <= most) return words > 0 ? [pieceOf(text, block)] : [];
  const [first, ...others] = partsOf(text, block);
  if (first === undefined) return betweenWords(text, block, most);
  // The first part begins where the block does: with its bullet, or its header row.
  const parts = [{ ...first, start: block.start }, ...others];
  const lead = leadOf(text, block, most);
  const pieces = parts.flatMap((part, index) =>
    piecesOf(text, part, index === 0 ? most : most - countWords(lead)).map((piece) => ({
      ...piece,
      lead: index === 0 ? piece.lead : lead + piece.lead,
    })),
  );
  return evenly(text, pieces, most);
}

function pieceOf(text: string, { start, end }: Range, lead = ""): Piece {
  const part = text.slice(start, end);
  const kept = {
    start: start + part.length - part.trimStart().length,
    end: start + part.trimEnd().length,
  };
  return { ...kept, words: countWords(part), lead };
}

/** Those of its own where it has any. */
function partsOf(text: string, { start, end, parts }: Block): readonly Block[] {
  if (parts === "sentences") {
    return sentencesIn(text, start, end).map((sentence) => ({ ...sentence, parts: "lines" }));
  }
  if (parts === "lines") {
    return linesIn(text, start, end).map((line) => ({ ...line, parts: "words" }));
  }
  return parts === "words" ? [] : parts;
}

function linesIn(text: string, start: number, end: number): Range[] {
  return Array.from(text.slice(start, end).matchAll(/[^\r\n]+/g), ({ index, 0: line }) => ({
    start: start + index,
    end: start + index + line.length,
  }));
}

function betweenWords(text: string, { start, end }: Range, most: number): Piece[] {
  const words = [...wordsIn(text.slice(start, end))];
  const count = Math.ceil(words.length / Math.ceil(words.length / most));
  const pieces: Piece[] = [];
  for (let first = 0; first < words.length; first += count) {
    const last = words[Math.min(first + count, words.length) - 1]!;
    pieces.push(pieceOf(text, { start: start + words[first]!.start, end: start + last.end }));
  }
  return pieces;
}

/** Of a header that is repeated, in UTF-16 units: words may be long, and white space wide. */
const mostLead = 2000;

/** A header that would take the room of what it stands above is not repeated. */
function leadOf(text: string, { head }: Block, most: number): string {
  if (head === undefined) return "";
  const lead = text.slice(head.start, head.end);
  return lead.length > mostLead || countWords(lead) > most / 2 ? "" : lead;
}

/** Neighbours put together, so that as few as can be are left and none is much shorter than the others. */
function evenly(text: string, pieces: readonly Piece[], most: number): Piece[] {
  const total = pieces.reduce((sum, { words }) => sum + words, 0);
  const wanted = total / Math.ceil(total / most);
  return joinWhere(text, pieces, most, ({ words }) => words < wanted);
}
