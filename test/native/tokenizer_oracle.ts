// Hugging Face's own tokenizer (the Rust one), asked for what ours should give.
import { Tokenizer as HuggingFace } from "tokenizers";
import { openTokenizer } from "../../native/tokenizer/background.ts";

export type Json = Record<string, unknown>;

/** The same file in theirs, with truncation and padding off, as the transformers library uses it. */
export function oracle(json: string): HuggingFace {
  const tokenizer = HuggingFace.fromString(json);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return tokenizer;
}

/** Theirs takes only well-formed text. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

/** The ids of some texts in ours. */
export async function encoded(json: string, ...texts: string[]): Promise<number[][]> {
  const tokenizer = openTokenizer(json);
  try {
    return (await tokenizer.encode(texts)).map((ids) => [...ids]);
  } finally {
    tokenizer.dispose();
  }
}

/** The texts that ours and theirs encode differently, and how; at most five. */
export async function differences(json: string, texts: readonly string[]): Promise<string[]> {
  const ours = await encoded(json, ...texts);
  const theirs = await oracle(json).encodeBatch(texts.map(wellFormed));
  return differing(texts, (index) => [ours[index]!.join(" "), theirs[index]!.getIds().join(" ")]);
}

/** The pairs that ours and theirs encode differently, token types included; at most five. */
export async function pairDifferences(
  json: string,
  first: string,
  seconds: readonly string[],
): Promise<string[]> {
  const tokenizer = openTokenizer(json);
  const ours = await tokenizer.encodePairs(first, seconds);
  tokenizer.dispose();
  const rust = oracle(json);
  const theirs = await Promise.all(
    seconds.map((second) => rust.encode(wellFormed(first), wellFormed(second))),
  );
  return differing(seconds, (index) => {
    const { tokens, second } = ours[index]!;
    const types = Array.from(tokens, (_, place) => Number(place >= second));
    const expected = theirs[index]!;
    return [`${tokens} ${types}`, `${expected.getIds()} ${expected.getTypeIds()}`];
  });
}

function differing(
  texts: readonly string[],
  compare: (index: number) => readonly [actual: string, expected: string],
): string[] {
  const found = texts.flatMap((text, index) => {
    const [actual, expected] = compare(index);
    if (actual === expected) return [];
    return [`${JSON.stringify(text)}: ${actual}, expected ${expected}`];
  });
  return found.slice(0, 5);
}
