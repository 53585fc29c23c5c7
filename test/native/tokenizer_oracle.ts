// Hugging Face's own tokenizer (the Rust one), asked for what ours should give.
import { Tokenizer as HuggingFace } from "tokenizers";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { loadTokenizer } from "../../native/tokenizer/tokenizer.ts";

export type Json = Record<string, unknown>;

/** The same file in theirs, with truncation and padding off, as the transformers library uses it. */
export function oracle(json: string): HuggingFace {
  const tokenizer = HuggingFace.fromString(json);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return tokenizer;
}

/** The texts that one of ours, in TypeScript and in C++, and theirs encode differently, and how; at most five. */
export async function differences(json: string, texts: readonly string[]): Promise<string[]> {
  const typescript = loadTokenizer(json);
  const background = openTokenizer(json);
  const native = await background.encode(texts);
  background.dispose();
  // Theirs takes only well-formed text.
  const theirs = await oracle(json).encodeBatch(
    texts.map((text) => text.replace(/\p{Cs}/gu, "\ufffd")),
  );
  const found: string[] = [];
  for (const [index, text] of texts.entries()) {
    const expected = theirs[index]!.getIds().join(" ");
    const ours = { typescript: typescript.encode(text), [background.name]: native[index]! };
    for (const [name, ids] of Object.entries(ours)) {
      const actual = ids.join(" ");
      if (actual === expected) continue;
      found.push(`${name}, ${JSON.stringify(text)}: ${actual}, expected ${expected}`);
    }
    if (found.length >= 5) break;
  }
  return found;
}
