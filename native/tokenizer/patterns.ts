// The regular expressions that tokenizers split text with, recognised by their exact text. The addon has a scanner for
// each: an expression out of a file could run for ever, and engines differ in what they make of the same one.

/** What characters of a run have in common. */
export type RunClass = "number" | "space" | "numeric" | "asciiDigit" | "lineEnd";

/** Where a text is cut. */
export type Pattern =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "run";
      readonly of: RunClass;
      readonly min: number;
      readonly max: number;
    }
  /** Letters, digits and the like, or anything but these and spaces. */
  | { readonly kind: "words" }
  | { readonly kind: "gpt2" }
  /** What came after GPT-2; a number has at most so many digits. */
  | { readonly kind: "newer"; readonly digits: number }
  /** BERT's words and, one by one, punctuation marks. */
  | { readonly kind: "bert" };

export const gpt2: Pattern = { kind: "gpt2" };

const newer = (digits: number): Pattern => ({ kind: "newer", digits });

/** `min` to `max` characters of a class. */
export function run(of: RunClass, min = 1, max = min): Pattern {
  return { kind: "run", of, min, max };
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

/** What the regular expression does in the Rust library, or undefined for an unknown one. */
export function knownPattern(expression: string): Pattern | undefined {
  return known.get(expression);
}

export const knownPatterns: readonly string[] = [...known.keys()];
