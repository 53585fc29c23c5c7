// The pre-tokenizers of a tokenizer.json: how a text is cut into the pieces that are encoded one by one.
import { describe, type Part } from "./tokenizer_definition.ts";
import { byteLevelPattern, knownPattern, knownPatterns } from "./tokenizer_patterns.ts";
import { number, whiteSpace, word } from "./tokenizer_unicode.ts";

/** `atStart`: the text begins where the whole input begins. */
export type PreTokenizer = (text: string, atStart: boolean) => string[];

type Match = readonly [start: number, end: number];

const types = [
  "ByteLevel",
  "Split",
  "Metaspace",
  "Whitespace",
  "WhitespaceSplit",
  "Digits",
  "Sequence",
];
const behaviors = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

const words = new RegExp(`[${word}]+|[^${word}${whiteSpace}]+`, "gu");
const oneSpace = new RegExp(`[${whiteSpace}]`, "gu");
// Rust's char::is_numeric is one version of Unicode ahead of the regular expressions.
const oneDigit = new RegExp(`[${number}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}]`, "gu");

/** `plain`: no normalizer comes before it. */
export function preTokenizer(part: Part, plain: boolean): PreTokenizer {
  if (part.absent) return (text) => [text];
  const sequence = part.type === "Sequence";
  const parts = sequence ? part.get("pretokenizers").steps() : [part];
  const steps = parts.map((each, index) => step(each, plain && index === 0));
  return (text, atStart) => {
    let pieces = [text];
    for (const [index, cut] of steps.entries()) {
      pieces = pieces.flatMap((piece) => cut(piece, atStart && index === 0)).filter(Boolean);
    }
    return pieces;
  };
}

function step(part: Part, first: boolean): PreTokenizer {
  switch (part.type) {
    case "ByteLevel":
      return byteLevel(part);
    case "Split": {
      const find = finder(part.get("pattern"));
      const behavior = part.get("behavior").text();
      if (!behaviors.includes(behavior)) {
        part.get("behavior").refuse(`is none of ${behaviors.join(", ")}`);
      }
      const invert = part.get("invert").flag(false);
      return (text) => cut(text, find(text), behavior, invert);
    }
    case "Metaspace":
      return metaspace(part, first);
    case "Whitespace":
      return (text) => cut(text, matches(text, words), "Removed", true);
    case "WhitespaceSplit":
      return (text) => cut(text, matches(text, oneSpace), "Removed", false);
    case "Digits": {
      const behavior = part.get("individual_digits").flag(false) ? "Isolated" : "Contiguous";
      return (text) => cut(text, matches(text, oneDigit), behavior, false);
    }
    default:
      return part.refuseType(types);
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

function byteLevel(part: Part): PreTokenizer {
  const addPrefixSpace = part.get("add_prefix_space").flag(true);
  const useRegex = part.get("use_regex").flag(true);
  const encoder = new TextEncoder();
  return (text) => {
    const prefixed = addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
    const pieces = useRegex
      ? cut(prefixed, matches(prefixed, byteLevelPattern), "Isolated", false)
      : [prefixed];
    return pieces.map((piece) => {
      let characters = "";
      for (const byte of encoder.encode(piece)) characters += byteCharacters[byte];
      return characters;
    });
  };
}

function metaspace(part: Part, first: boolean): PreTokenizer {
  const replacement = part.get("replacement").text();
  if ([...replacement].length !== 1) part.get("replacement").refuse("must be one character");
  const scheme = part.get("prepend_scheme").absent ? "always" : part.get("prepend_scheme").text();
  if (!["always", "first", "never"].includes(scheme))
    part.get("prepend_scheme").refuse("is not known");
  // Older files say only this; Hugging Face refuses the two when they contradict each other.
  if (!part.get("add_prefix_space").flag(true) && scheme !== "never") {
    part.get("add_prefix_space").refuse(`is false, yet the prepend_scheme is "${scheme}"`);
  }
  // "first" means the start of the original text, which earlier steps may have moved.
  if (scheme === "first" && !first) {
    part.refuse('has the prepend_scheme "first" behind a normalizer or another step');
  }
  const split = part.get("split").flag(true);
  return (text, atStart) => {
    let spaced = text.replaceAll(" ", replacement);
    const prepend = scheme === "always" || (scheme === "first" && atStart);
    if (prepend && !spaced.startsWith(replacement)) spaced = replacement + spaced;
    return split
      ? cut(spaced, occurrences(spaced, replacement), "MergedWithNext", false)
      : [spaced];
  };
}

/** The pattern of a Split: plain text, or one of the regular expressions that we know. */
function finder(part: Part): (text: string) => Match[] {
  const regex: Part = part.get("Regex");
  if (regex.absent) {
    const pattern = part.pattern();
    return (text) => occurrences(text, pattern);
  }
  const ours = knownPattern(regex.text());
  if (!ours) {
    regex.refuse(
      `is the regular expression ${describe(regex.value)}, which qrag does not know. ` +
        `It runs none from a file and knows ${knownPatterns.length} by heart (native/tokenizer_patterns.ts)`,
    );
  }
  return (text) => matches(text, ours);
}

function matches(text: string, regex: RegExp): Match[] {
  return Array.from(text.matchAll(regex), ({ index, 0: found }) => [index, index + found.length]);
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
