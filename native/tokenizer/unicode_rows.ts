// The Unicode tables that the addon works with, as rows: character classes, normal forms, small letters.
import {
  accent,
  type CharacterClass,
  combining,
  compatible,
  control,
  decomposing,
  letter,
  number,
  punctuation,
  whiteSpace,
  word,
} from "./unicode.ts";

type Range = readonly [first: number, end: number, name: string];

function ranges({ runs }: CharacterClass, name: string): Range[] {
  return runs.map(([first, end]) => [first, end, name]);
}

export function classes(): Range[] {
  return [
    ...ranges(letter, "letter"),
    ...ranges(number, "number"),
    // Rust's char::is_numeric is one version of Unicode ahead of the regular expressions.
    ...ranges(number, "numeric"),
    [0x11de0, 0x11dea, "numeric"],
    [0x16ff4, 0x16ff7, "numeric"],
    ...ranges(whiteSpace, "space"),
    ...ranges(word, "word"),
    ...ranges(punctuation, "punctuation"),
    [0x30, 0x3a, "asciiDigit"],
    [0x0a, 0x0b, "lineEnd"],
    [0x0d, 0x0e, "lineEnd"],
  ];
}

export function bertClasses(): Range[] {
  return [
    ...ranges(whiteSpace, "space"),
    ...ranges(control, "control"),
    ...ranges(accent, "accent"),
    [0x3400, 0x4dc0, "chinese"],
    [0x4e00, 0xa000, "chinese"],
    [0xf900, 0xfb00, "chinese"],
    [0x20000, 0x2a6e0, "chinese"],
    [0x2a700, 0x2b740, "chinese"],
    [0x2b740, 0x2b820, "chinese"],
    [0x2b920, 0x2ceb0, "chinese"], // the block begins at U+2B820; the Rust library has it so
    [0x2f800, 0x2fa20, "chinese"],
  ];
}

/** What the normal forms need, asked of JavaScript's own: for the characters of Unicode 9 it never changes. */
export function unicodeForms(wanted: { canonical: boolean; compatible: boolean }) {
  const none = new Int32Array();
  if (!wanted.canonical && !wanted.compatible) {
    return { decompositions: none, compatible: none, compositions: none, combining: none };
  }
  return {
    decompositions: Int32Array.from(decompositions(decomposing, "NFD").flat()),
    compatible: Int32Array.from(wanted.compatible ? decompositions(compatible, "NFKD").flat() : []),
    compositions: Int32Array.from(compositions().flat()),
    combining: Int32Array.from(combining.flat()),
  };
}

function codesOf({ runs }: CharacterClass): number[] {
  return runs.flatMap(([first, end]) =>
    Array.from({ length: end - first }, (_, place) => first + place),
  );
}

function decompositions(set: CharacterClass, form: "NFD" | "NFKD"): number[][] {
  return codesOf(set).map((code) => {
    const parts = codePoints(String.fromCodePoint(code).normalize(form));
    return [code, parts.length, ...parts];
  });
}

function compositions(): number[][] {
  const pairs = codesOf(decomposing).flatMap((code) => {
    const character = String.fromCodePoint(code);
    const parts = codePoints(character.normalize("NFD"));
    if (parts.length < 2 || character.normalize("NFC") !== character) return []; // never composed
    const before = codePoints(String.fromCodePoint(...parts.slice(0, -1)).normalize("NFC"));
    return [[before[0]!, parts.at(-1)!, code]];
  });
  return pairs.sort(([a, b], [c, d]) => a! - c! || b! - d!);
}

/** What JavaScript makes of each letter by itself, so a final sigma stays a plain one; its version of Unicode is Node's. */
export function lowercase(): number[][] {
  const last = 0x1ffff; // no script with cases lies higher
  const changing: number[][] = [];
  for (let code = 0; code <= last; code++) {
    const character = String.fromCodePoint(code);
    const small = character.toLowerCase();
    if (small === character) continue;
    const parts = codePoints(small);
    changing.push([code, parts.length, ...parts]);
  }
  return changing;
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!);
}
