// Hugging Face's own tokenizer (the Rust one), asked for what ours should give.
import { Tokenizer as HuggingFace } from "tokenizers";
import { loadTokenizer } from "../../native/tokenizer.ts";

export type Json = Record<string, unknown>;

/** The same file in theirs, with truncation and padding off, as the transformers library uses it. */
export function oracle(json: string): HuggingFace {
  const tokenizer = HuggingFace.fromString(json);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return tokenizer;
}

/** The texts that the two encode differently, and how; at most five. */
export async function differences(json: string, texts: readonly string[]): Promise<string[]> {
  const ours = loadTokenizer(json);
  // Theirs takes only well-formed text.
  const theirs = await oracle(json).encodeBatch(
    texts.map((text) => text.replace(/\p{Cs}/gu, "\ufffd")),
  );
  const found: string[] = [];
  for (const [index, text] of texts.entries()) {
    const expected = theirs[index]!.getIds().join(" ");
    const actual = ours.encode(text).join(" ");
    if (actual !== expected) found.push(`${JSON.stringify(text)}: ${actual}, expected ${expected}`);
    if (found.length === 5) break;
  }
  return found;
}
