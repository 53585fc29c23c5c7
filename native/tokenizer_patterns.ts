// The regular expressions that tokenizers split text with, recognised by their exact text and replaced by our own:
// an expression out of a file could run for ever, and JavaScript reads many of them differently from Hugging Face.
import { letter, number, whiteSpace } from "./tokenizer_unicode.ts";

const L = letter;
const N = number;
const S = whiteSpace;

// `(?i:...)` folds by Unicode, where U+017F is another small s.
const contraction = "'(?:[sS\\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
const spaces = `[${S}]+(?![^${S}])|[${S}]+`;

const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?[${L}]+| ?[${N}]+| ?[^${S}${L}${N}]+|${spaces}`;

/** What the ByteLevel pre-tokenizer splits with when its use_regex is true. */
export const byteLevelPattern = new RegExp(gpt2, "gu");

/** Text -> the same expression in JavaScript, with the classes of Hugging Face written out. */
const known: ReadonlyMap<string, string> = new Map([
  // GPT-2 (encoder.py), and with it RoBERTa, GPT-NeoX, Phi.
  [String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, gpt2],
  // Llama 3; GPT-3.5 and GPT-4 (cl100k_base) as converted to tokenizer.json.
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    newer(`[${N}]{1,3}`, "[\\r\\n]+"),
  ],
  // Qwen 2 and 2.5: digits one by one.
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    newer(`[${N}]`, "[\\r\\n]+"),
  ],
  // cl100k_base as tiktoken writes it. Its possessive quantifiers never give back anything that could match elsewhere.
  [
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    newer(`[${N}]{1,3}`, "[\\r\\n]"),
  ],
  // nanochat: the same with numbers in pairs.
  [
    String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
    newer(`[${N}]{1,2}`, "[\\r\\n]"),
  ],
  // Single classes that stand before ByteLevel in many small models.
  [String.raw`\p{N}`, `[${N}]`],
  [String.raw`\p{N}{1,3}`, `[${N}]{1,3}`],
  [String.raw`\s+`, `[${S}]+`],
  ["[0-9]", "[0-9]"],
  ["[0-9][0-9][0-9]", "[0-9][0-9][0-9]"], // Falcon
  ["[\\r\\n]", "[\\r\\n]"],
]);

function newer(numbers: string, lineEnds: string): string {
  return (
    `${contraction}|[^\\r\\n${L}${N}]?[${L}]+|${numbers}| ?[^${S}${L}${N}]+[\\r\\n]*|` +
    `[${S}]*${lineEnds}|${spaces}`
  );
}

/** The expression that does what `pattern` does in Hugging Face's tokenizers, or undefined for one we do not know. */
export function knownPattern(pattern: string): RegExp | undefined {
  const source = known.get(pattern);
  return source === undefined ? undefined : new RegExp(source, "gu");
}

export const knownPatterns: readonly string[] = [...known.keys()];
