// How a text is cut into the pieces that are encoded one by one: the steps of a pre-tokenizer, run.
import type { Cut } from "./cuts.ts";
import { gpt2, type Pattern, regexOf } from "./patterns.ts";

/** `atStart`: the text begins where the whole input begins. */
export type PreTokenizer = (text: string, atStart: boolean) => string[];

type Match = readonly [start: number, end: number];

export function preTokenizer(cuts: readonly Cut[]): PreTokenizer {
  const steps = cuts.map(cutter);
  return (text, atStart) => {
    let pieces = [text];
    for (const [index, cut] of steps.entries()) {
      pieces = pieces.flatMap((piece) => cut(piece, atStart && index === 0)).filter(Boolean);
    }
    return pieces;
  };
}

function cutter(step: Cut): PreTokenizer {
  switch (step.kind) {
    case "split": {
      const find = finder(step.pattern);
      return (text) => cut(text, find(text), step.behavior, step.invert);
    }
    case "bytes":
      return byteLevel(step.spaceBefore, step.split ? finder(gpt2) : undefined);
    case "metaspace":
      return (text, atStart) => {
        const { replacement, prepend } = step;
        let spaced = text.replaceAll(" ", replacement);
        const prepends = prepend === "always" || (prepend === "first" && atStart);
        if (prepends && !spaced.startsWith(replacement)) spaced = replacement + spaced;
        if (!step.split) return [spaced];
        return cut(spaced, occurrences(spaced, replacement), "MergedWithNext", false);
      };
  }
}

/** Visible characters for the 256 bytes (GPT-2): the printable ones of Latin-1 for themselves, the others from U+0100 on. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
})();

function byteLevel(spaceBefore: boolean, find?: (text: string) => Match[]): PreTokenizer {
  const encoder = new TextEncoder();
  return (text) => {
    const prefixed = spaceBefore && !text.startsWith(" ") ? ` ${text}` : text;
    const pieces = find ? cut(prefixed, find(prefixed), "Isolated", false) : [prefixed];
    return pieces.map((piece) => {
      let characters = "";
      for (const byte of encoder.encode(piece)) characters += byteCharacters[byte];
      return characters;
    });
  };
}

function finder(pattern: Pattern): (text: string) => Match[] {
  if (pattern.kind === "text") return (text) => occurrences(text, pattern.text);
  const regex = regexOf(pattern);
  return (text) =>
    Array.from(text.matchAll(regex), ({ index, 0: found }) => [index, index + found.length]);
}

function occurrences(text: string, pattern: string): Match[] {
  const found: Match[] = [];
  let start = text.indexOf(pattern);
  while (start >= 0) {
    found.push([start, start + pattern.length]);
    start = text.indexOf(pattern, start + pattern.length);
  }
  return found;
}

/** Cuts a text at the matches. What becomes of them says `behavior`; `invert` swaps matches and the text between. */
function cut(text: string, found: readonly Match[], behavior: string, invert: boolean): string[] {
  const parts: { start: number; end: number; matched: boolean }[] = [];
  let done = 0;
  for (const [start, end] of found) {
    if (start > done) parts.push({ start: done, end: start, matched: invert });
    parts.push({ start, end, matched: !invert });
    done = end;
  }
  if (done < text.length) parts.push({ start: done, end: text.length, matched: invert });
  const slices = (list: readonly { start: number; end: number }[]) =>
    list.map(({ start, end }) => text.slice(start, end));
  if (behavior === "Isolated") return slices(parts);
  if (behavior === "Removed") return slices(parts.filter(({ matched }) => !matched));

  const backwards = behavior === "MergedWithNext";
  const merged: typeof parts = [];
  let previousMatched = false;
  for (const part of backwards ? parts.reverse() : parts) {
    const last = merged.at(-1);
    const joins =
      behavior === "Contiguous"
        ? part.matched === previousMatched
        : part.matched && !previousMatched;
    previousMatched = part.matched;
    if (!last || !joins) merged.push({ ...part });
    else if (backwards) last.start = part.start;
    else last.end = part.end;
  }
  return slices(backwards ? merged.reverse() : merged);
}
