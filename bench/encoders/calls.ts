// The encoders' calls: words of the model's own vocabulary, and some of two pieces, as many as make the tokens asked for.
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";
import type { Call, Case } from "../cases.ts";
import { randomNumbers } from "../published.ts";

/** WordPiece cuts each word by itself: what words take together is what they take apart. */
export type Words = readonly { readonly word: string; readonly tokens: number }[];

/** Of all words, those that are two of the vocabulary's put together: as many as English has that take more than a token. */
const compounds = 0.2;
const poolSize = 4000;

const queryTokens = 10;

export async function readWords(
  tokenizerJson: string,
  tokenizer: BackgroundTokenizer,
): Promise<Words> {
  const { vocab } = JSON.parse(tokenizerJson).model as { vocab: Record<string, number> };
  const known = Object.keys(vocab).filter((token) => /^[a-z]{3,}$/.test(token));
  const random = randomNumbers(9);
  const pick = () => known[Math.floor(random() * known.length)]!;
  const words = Array.from({ length: poolSize }, () =>
    random() < compounds ? pick() + pick() : pick(),
  );
  const encoded = await tokenizer.encode(words);
  const special = 2;
  return words.map((word, i) => ({ word, tokens: encoded[i]!.length - special }));
}

/** The same in every run. */
export function encoderCalls(
  { tokens, passages }: Case,
  count: number,
  words: Words,
  kind: "texts" | "pairs",
): Call[] {
  const random = randomNumbers(tokens + passages);
  const text = (wanted: number): string => {
    const chosen: string[] = [];
    for (let left = wanted; left > 0; ) {
      const { word, tokens: taken } = words[Math.floor(random() * words.length)]!;
      if (taken > left) continue;
      chosen.push(word);
      left -= taken;
    }
    return chosen.join(" ");
  };
  const [query, special] = kind === "pairs" ? [queryTokens, 3] : [0, 2];
  return Array.from({ length: count }, () => ({
    query: text(query),
    passages: Array.from({ length: passages }, () => text(tokens - query - special)),
    tokens,
  }));
}
