// Turns texts into inputs that fit an embedder: one each, cut at the model's context, or overlapping windows of a long one.
import { QragError } from "../base/errors.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import type { LongTexts } from "./embed_options.ts";
import type { Sequence } from "./queue/queue_entry.ts";
import { windowsOf } from "./windows.ts";

export interface TextEncoder {
  readonly tokenizer: Pick<BackgroundTokenizer, "encode">;
  readonly contextLength: number;
}

/** One input; `last` marks the end of its text. */
export interface TextInput extends Sequence {
  readonly last: boolean;
}

/** Texts are encoded together, so many UTF-16 units in a call. */
const groupedUnits = 4096;
/**
 * A slice may end inside a word, whose half has other tokens than the whole: it must give so many more than fit the
 * context, so that none of these is kept. No word of a BERT model has more than 100; longer ones are one unknown token.
 */
const spareTokens = 128;
/** First guess of a slice that is long enough, in units a token; doubled as long as tokens are missing. */
const guessedUnitsPerToken = 6;

/** `prefix` is put before every text, and before every window of a long one. */
export function inputsOf(
  encoder: TextEncoder,
  prefix: string,
  texts: readonly string[],
  long: LongTexts,
): AsyncGenerator<TextInput> {
  if (long !== "average") return wholeInputs(encoder, prefix, texts, long);
  const { tokenizer, contextLength } = encoder;
  const windows = {
    contextLength,
    prefix,
    frameUnits: () => prefix.length,
    encode: async (_query: string, passages: readonly string[]) =>
      (await tokenizer.encode(passages.map((passage) => prefix + passage))).map((tokens) => ({
        tokens,
      })),
  };
  return windowsOf(windows, "", texts);
}

async function* wholeInputs(
  { tokenizer, contextLength }: TextEncoder,
  prefix: string,
  texts: readonly string[],
  long: "cut" | "refuse",
): AsyncGenerator<TextInput> {
  const behind = await tokensBehind(tokenizer);
  const sliceUnits = (contextLength + spareTokens) * guessedUnitsPerToken;
  for (let start = 0; start < texts.length; ) {
    let end = start;
    for (let units = 0; end < texts.length && units < groupedUnits; end++) {
      units += prefix.length + Math.min(texts[end]!.length, sliceUnits);
    }
    const group = texts.slice(start, end);
    const pieces = group.map((text) => prefix + text.slice(0, sliceUnits));
    for (const [index, tokens] of (await tokenizer.encode(pieces)).entries()) {
      const whole = prefix + group[index]!;
      const enough = await filled(tokenizer, whole, pieces[index]!.length, tokens, contextLength);
      if (long === "refuse" && enough.length > contextLength) {
        throw tooLong(start + index, contextLength);
      }
      yield { tokens: cut(enough, contextLength, behind), last: true };
    }
    start = end;
  }
}

function tooLong(index: number, contextLength: number): QragError {
  return new QragError(
    "INPUT_INVALID",
    `texts[${index}] is longer than the ${contextLength} tokens that the model reads. Shorten it, or have it cut.`,
  );
}

/** The tokens of a text, or of so much of it that cutting them gives what cutting those of the whole text would. */
async function filled(
  tokenizer: TextEncoder["tokenizer"],
  text: string,
  encodedUnits: number,
  tokens: Int32Array,
  contextLength: number,
): Promise<Int32Array> {
  let units = encodedUnits;
  let found = tokens;
  while (found.length < contextLength + spareTokens && units < text.length) {
    units *= 2;
    [found] = (await tokenizer.encode([text.slice(0, units)])) as [Int32Array];
  }
  return found;
}

/** At most so many tokens: of the text's own the first, and those that stand behind every text. */
function cut(tokens: Int32Array, contextLength: number, behind: number): Int32Array {
  if (tokens.length <= contextLength) return tokens;
  const kept = tokens.slice(0, contextLength);
  if (behind > 0) kept.set(tokens.subarray(-behind), contextLength - behind);
  return kept;
}

/** How many special tokens stand behind a text: what is left of an empty one when it goes on like another. */
async function tokensBehind(tokenizer: TextEncoder["tokenizer"]): Promise<number> {
  const [empty, other] = (await tokenizer.encode(["", "a"])) as [Int32Array, Int32Array];
  let before = 0;
  while (before < empty.length && empty[before] === other[before]) before++;
  return empty.length - before;
}
