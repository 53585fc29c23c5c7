// The regular expressions that tokenizers split text with, recognised by their exact text and replaced by our own:
// an expression out of a file could run for ever, and JavaScript reads many of them differently from Hugging Face.
import { letter, number, whiteSpace, word } from "./unicode.ts";

/** What characters of a run have in common. */
export const characterClasses = {
  number: `${number}`,
  space: `${whiteSpace}`,
  // Rust's char::is_numeric is one version of Unicode ahead of the regular expressions.
  numeric: `${number}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}`,
  asciiDigit: "0-9",
  lineEnd: "\\r\\n",
} as const;

/** Where a text is cut; the addon has scanners for the same. */
export type Pattern =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "run";
      readonly of: keyof typeof characterClasses;
      readonly least: number;
      readonly most: number;
    }
  /** Letters, digits and the like, or anything but these and spaces. */
  | { readonly kind: "words" }
  | { readonly kind: "gpt2" }
  /** What came after GPT-2; a number has at most so many digits. */
  | { readonly kind: "newer"; readonly digits: number };

export const gpt2: Pattern = { kind: "gpt2" };

const newer = (digits: number): Pattern => ({ kind: "newer", digits });

/** `least` to `most` characters of a class. */
export function run(of: keyof typeof characterClasses, least = 1, most = least): Pattern {
  return { kind: "run", of, least, most };
}

const known: ReadonlyMap<string, Pattern> = new Map([
  // GPT-2 (encoder.py), and with it RoBERTa, GPT-NeoX, Phi.
  [String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, gpt2],
  // Llama 3; GPT-3.5 and GPT-4 (cl100k_base) as converted to tokenizer.json.
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    newer(3),
  ],
  // Qwen 2 and 2.5: digits one by one.
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    newer(1),
  ],
  // cl100k_base as tiktoken writes it. Its possessive quantifiers never give back anything that could match elsewhere,
  // and \s* leaves one end of a line to match, whether one is asked for or several.
  [
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    newer(3),
  ],
  // nanochat: the same with numbers in pairs.
  [
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    newer(2),
  ],
  // Single classes that stand before ByteLevel in many small models.
  [String.raw`\p{N}`, run("number")],
  [String.raw`\p{N}{1,3}`, run("number", 1, 3)],
  [String.raw`\s+`, run("space", 1, Infinity)],
  ["[0-9]", run("asciiDigit")],
  ["[0-9][0-9][0-9]", run("asciiDigit", 3)], // Falcon
  ["[\\r\\n]", run("lineEnd")],
]);

/** What the regular expression does in Hugging Face's tokenizers, or undefined for one we do not know. */
export function knownPattern(expression: string): Pattern | undefined {
  return known.get(expression);
}

export const knownPatterns: readonly string[] = [...known.keys()];

const L = letter;
const N = number;
const S = whiteSpace;
const spaces = `[${S}]+(?![^${S}])|[${S}]+`;
// `(?i:...)` folds by Unicode, where U+017F is another small s.
const contraction = "'(?:[sS\\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";

/** The same in JavaScript, with the classes of Hugging Face written out. */
export function regexOf(pattern: Exclude<Pattern, { kind: "text" }>): RegExp {
  return new RegExp(sourceOf(pattern), "gu");
}

function sourceOf(pattern: Exclude<Pattern, { kind: "text" }>): string {
  switch (pattern.kind) {
    case "run": {
      const most = pattern.most === Infinity ? "" : pattern.most;
      return `[${characterClasses[pattern.of]}]{${pattern.least},${most}}`;
    }
    case "words":
      return `[${word}]+|[^${word}${S}]+`;
    case "gpt2":
      return `'s|'t|'re|'ve|'m|'ll|'d| ?[${L}]+| ?[${N}]+| ?[^${S}${L}${N}]+|${spaces}`;
    case "newer":
      return (
        `${contraction}|[^\\r\\n${L}${N}]?[${L}]+|[${N}]{1,${pattern.digits}}|` +
        ` ?[^${S}${L}${N}]+[\\r\\n]*|[${S}]*[\\r\\n]|${spaces}`
      );
  }
}
