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
export function unicodeForms(forms: { apart: boolean; compatible: boolean; together: boolean }) {
  const none = new Int32Array();
  if (!forms.apart) {
    return { decompositions: none, compatible: none, compositions: none, combining: none };
  }
  return {
    decompositions: decompositions(decomposing, "NFD"),
    compatible: forms.compatible ? decompositions(compatible, "NFKD") : none,
    compositions: forms.together ? compositions() : none,
    combining: Int32Array.from(combining.flat()),
  };
}

/** Appends a row: a code point, how many follow, and these. */
function addChange(rows: number[], code: number, becomes: string): void {
  const codes = codePoints(becomes);
  rows.push(code, codes.length, ...codes);
}

/** In one call: each costs more than what it does. No form joins anything with the end of a line. */
function normalizeAll(texts: readonly string[], form: "NFC" | "NFD" | "NFKD"): string[] {
  return texts.join("\n").normalize(form).split("\n");
}

function charactersOf({ runs }: CharacterClass): string[] {
  const characters: string[] = [];
  for (const [first, end] of runs) {
    for (let code = first; code < end; code++) characters.push(String.fromCodePoint(code));
  }
  return characters;
}

function decompositions(set: CharacterClass, form: "NFD" | "NFKD"): Int32Array {
  const characters = charactersOf(set);
  const rows: number[] = [];
  for (const [index, apart] of normalizeAll(characters, form).entries()) {
    addChange(rows, characters[index]!.codePointAt(0)!, apart);
  }
  return new Int32Array(rows);
}

/** Two code points and the one they become; a few characters are only ever taken apart. */
function compositions(): Int32Array {
  const characters = charactersOf(decomposing);
  const composed = normalizeAll(characters, "NFC");
  const apart = normalizeAll(characters, "NFD").map(codePoints);
  const before = normalizeAll(
    apart.map((codes) => String.fromCodePoint(...codes.slice(0, -1))),
    "NFC",
  );
  const pairs: [number, number, number][] = [];
  for (const [index, character] of characters.entries()) {
    const first = before[index]!.codePointAt(0);
    if (first === undefined || composed[index] !== character) continue;
    pairs.push([first, apart[index]!.at(-1)!, character.codePointAt(0)!]);
  }
  return new Int32Array(pairs.sort(([a, b], [c, d]) => a - c || b - d).flat());
}

/** Where the scripts with cases lie, those of Unicode 17. */
const cased: readonly (readonly [first: number, end: number])[] = [
  [0, 0x3000],
  [0xa640, 0xac00],
  [0xff00, 0x11000],
  [0x11800, 0x11900],
  [0x16e00, 0x16f00],
  [0x1e900, 0x1ea00],
];

/**
 * What JavaScript makes of each letter by itself, so a final sigma stays a plain one. Its version of Unicode is Node's.
 */
export function lowercase(): Int32Array {
  const rows: number[] = [];
  for (const [first, end] of cased) {
    for (let code = first; code < end; code++) {
      const character = String.fromCodePoint(code);
      const small = character.toLowerCase();
      if (small !== character) addChange(rows, code, small);
    }
  }
  return new Int32Array(rows);
}

function codePoints(text: string): number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at)!;
    codes.push(code);
    at += code > 0xffff ? 2 : 1;
  }
  return codes;
}
