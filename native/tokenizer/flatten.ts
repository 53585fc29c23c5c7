// Flattens a tokenizer that was read and checked into arrays of numbers, as the addon takes it (native/tokenizer/description.h).
import type { TokenizerDescription } from "../contract.ts";
import { behaviors, type Cut, prependSchemes } from "./cuts.ts";
import { maxGrowth, type Normalization } from "./normalizer.ts";
import type { Pattern } from "./patterns.ts";
import type { TokenizerParts } from "./tokenizer.ts";
import {
  type CharacterClass,
  combining,
  decomposing,
  letter,
  number,
  whiteSpace,
  word,
} from "./unicode.ts";

// The enumerations of the C++ headers, in their order.
const normalizations = ["NFC", "NFD", "Lowercase", "Prepend", "Replace"];
const cutKinds = ["split", "bytes", "metaspace"];
const patternKinds = ["text", "run", "words", "gpt2", "newer"];
const classBits = {
  letter: 1,
  number: 2,
  space: 4,
  word: 8,
  numeric: 16,
  asciiDigit: 32,
  lineEnd: 64,
};
const addedFlags = { singleWord: 1, lstrip: 2, rstrip: 4, normalized: 8 } as const;

/** The addon keeps a rank in 24 bits. */
const maxMerges = 2 ** 24;

/** Why the addon's tokenizer cannot do what this one does, or undefined if it can. */
export function whyNotNative({ model, normalizer }: TokenizerParts): string | undefined {
  if (model.unknown !== undefined && !model.vocabulary.has(model.unknown)) {
    return "its unknown token is not in the vocabulary";
  }
  if (model.merges.length / 3 >= maxMerges) return "it has too many merges";
  const missing = normalizer.steps.find(({ kind }) => !normalizations.includes(kind));
  if (missing) return `its normalizer is ${missing.kind}`;
  // There is nobody to refuse a text that grows: it must not be able to.
  const growth = normalizer.steps.reduce((product, step) => product * growthOf(step), 1);
  return growth > maxGrowth ? "its normalizer lengthens texts" : undefined;
}

/** How many times longer a step makes a long text. */
function growthOf(step: Normalization): number {
  if (step.kind === "Replace") return Math.max(1, step.content.length / step.pattern.length);
  if (step.kind === "Prepend") return 1;
  return step.kind === "Lowercase" ? 2 : 4; // \u0130 becomes two units, some characters four in NFD
}

/** Texts end to end, each known by its number. */
class TextPool {
  readonly #texts: string[] = [];

  add(text: string): number {
    return this.#texts.push(text) - 1;
  }

  /** -1 for "". */
  addUnlessEmpty(text: string): number {
    return text === "" ? -1 : this.add(text);
  }

  flat(): { texts: Uint8Array; ends: Int32Array } {
    let end = 0;
    const ends = Int32Array.from(this.#texts, (text) => {
      end += Buffer.byteLength(text);
      return end;
    });
    return { texts: new TextEncoder().encode(this.#texts.join("")), ends };
  }
}

/** The description of a tokenizer that `whyNotNative` has nothing against. */
export function flatten({
  model,
  normalizer,
  cuts,
  added,
  frame,
}: TokenizerParts): TokenizerDescription {
  const pool = new TextPool();
  const ids: number[] = [];
  model.tokens.forEach((token, id) => {
    if (token === undefined) return; // a hole
    pool.add(token);
    ids.push(id);
  });
  const { vocabulary, unknown, byteTokens = [] } = model;
  return {
    ids: Int32Array.from(ids),
    merges: model.merges,
    model: Int32Array.of(
      unknown === undefined ? -1 : vocabulary.get(unknown)!,
      Number(model.fuse),
      Number(model.ignoreMerges),
      pool.addUnlessEmpty(model.prefix),
      pool.addUnlessEmpty(model.suffix),
    ),
    byteTokens: Int32Array.from(byteTokens, (id) => id ?? -1),
    added: rows(
      added.tokens.map((token) => {
        const flags = Object.entries(addedFlags) as [keyof typeof addedFlags, number][];
        const bits = flags.reduce((sum, [name, bit]) => sum + (token[name] ? bit : 0), 0);
        return [pool.addUnlessEmpty(token.content), token.id, bits];
      }),
    ),
    normalizer: rows(normalizer.steps.map((step) => normalizerRow(step, pool))),
    cuts: rows(cuts.map((cut) => cutRow(cut, pool))),
    before: Int32Array.from(frame.before),
    after: Int32Array.from(frame.after),
    classes: rows(classRows()),
    ...unicodeForms(normalizer.steps.some(({ kind }) => kind === "NFC" || kind === "NFD")),
    lowercase: rows(normalizer.steps.some(({ kind }) => kind === "Lowercase") ? lowercase() : []),
    ...pool.flat(), // last: everything above adds to it
  };
}

function rows(list: readonly (readonly number[])[]): Int32Array {
  return Int32Array.from(list.flat());
}

function normalizerRow(step: Normalization, pool: TextPool): number[] {
  const pattern = "pattern" in step ? pool.add(step.pattern) : -1;
  const content = "content" in step ? pool.addUnlessEmpty(step.content) : -1;
  return [normalizations.indexOf(step.kind), pattern, content];
}

function cutRow(cut: Cut, pool: TextPool): number[] {
  const row = (...numbers: number[]) => {
    return [cutKinds.indexOf(cut.kind), ...numbers, 0, 0, 0, 0, 0, 0].slice(0, 7);
  };
  switch (cut.kind) {
    case "split":
      return row(
        ...patternRow(cut.pattern, pool),
        behaviors.indexOf(cut.behavior),
        Number(cut.invert),
      );
    case "bytes":
      return row(Number(cut.spaceBefore), Number(cut.split));
    case "metaspace":
      return row(pool.add(cut.replacement), prependSchemes.indexOf(cut.prepend), Number(cut.split));
  }
}

/** Four numbers. */
function patternRow(pattern: Pattern, pool: TextPool): number[] {
  const kind = patternKinds.indexOf(pattern.kind);
  switch (pattern.kind) {
    case "text":
      return [kind, pool.add(pattern.text), 0, 0];
    case "run":
      return [kind, classBits[pattern.of], pattern.least, Math.min(pattern.most, 2 ** 31 - 1)];
    case "newer":
      return [kind, pattern.digits, 0, 0];
    default:
      return [kind, 0, 0, 0];
  }
}

function classRows(): number[][] {
  const runs = ({ runs }: CharacterClass, bits: number) =>
    runs.map(([first, end]) => [first, end, bits]);
  return [
    ...runs(letter, classBits.letter),
    ...runs(number, classBits.number | classBits.numeric),
    // As in native/tokenizer/patterns.ts.
    [0x11de0, 0x11dea, classBits.numeric],
    [0x16ff4, 0x16ff7, classBits.numeric],
    ...runs(whiteSpace, classBits.space),
    ...runs(word, classBits.word),
    [0x30, 0x3a, classBits.asciiDigit],
    [0x0a, 0x0b, classBits.lineEnd],
    [0x0d, 0x0e, classBits.lineEnd],
  ];
}

/** What NFC and NFD need, asked of JavaScript's own: for the characters of Unicode 9 it never changes. */
function unicodeForms(wanted: boolean) {
  const decompositions: number[][] = [];
  const compositions: number[][] = [];
  for (const [first, end] of wanted ? decomposing.runs : []) {
    for (let code = first; code < end; code++) {
      const character = String.fromCodePoint(code);
      const parts = codePoints(character.normalize("NFD"));
      decompositions.push([code, parts.length, ...parts]);
      if (parts.length < 2 || character.normalize("NFC") !== character) continue; // never composed
      const before = codePoints(String.fromCodePoint(...parts.slice(0, -1)).normalize("NFC"));
      compositions.push([before[0]!, parts.at(-1)!, code]);
    }
  }
  compositions.sort(([a, b], [c, d]) => a! - c! || b! - d!);
  return {
    decompositions: rows(decompositions),
    compositions: rows(compositions),
    combining: rows(wanted ? combining : []),
  };
}

/** What JavaScript makes of each letter by itself, as native/tokenizer/normalizer.ts does: no final sigma. */
function lowercase(): number[][] {
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
