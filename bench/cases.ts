// What is timed: pairs and batches of texts whose prompts have a given number of tokens.
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import type { Tokenizer } from "../native/tokenizer.ts";
import { randomNumbers } from "./published.ts";

/** One call to time: a query and its passages. */
export interface Call {
  readonly query: string;
  readonly passages: readonly string[];
}

export interface Case {
  readonly name: string;
  /** Tokens of one prompt, the system text included. */
  readonly tokens: number;
  readonly passages: number;
}

export const cases: readonly Case[] = [
  ...[64 + 64, 200, 300, 500].map((tokens) => ({ name: `pair-${tokens}`, tokens, passages: 1 })),
  { name: "batch-100x200", tokens: 200, passages: 100 },
];

const prompt = { system: defaultSystem, template: defaultTemplate };

/** `count` calls that have nothing in common but the system text, the same in every run. */
export function callsOf({ tokens, passages }: Case, count: number, tokenizer: Tokenizer): Call[] {
  const random = randomNumbers(tokens);
  const word = () => {
    const letter = () => String.fromCharCode(97 + Math.floor(random() * 26));
    return Array.from({ length: 1 + Math.floor(random() * 7) }, letter).join("");
  };
  return Array.from({ length: count }, () => {
    const query = Array.from({ length: 4 }, word).join(" ");
    const filled = () => passageOf(query, tokens, word, tokenizer);
    return { query, passages: Array.from({ length: passages }, filled) };
  });
}

/** Words until the prompt has the tokens asked for; the last ones are letters, to hit the number. */
function passageOf(
  query: string,
  tokens: number,
  word: () => string,
  tokenizer: Tokenizer,
): string {
  const length = (text: string) => tokenizer.encode(renderPrompt(prompt, query, text)).length;
  let passage = word();
  for (;;) {
    const missing = tokens - length(passage);
    if (missing <= 0) return passage;
    // A word has two tokens and more; near the end one letter at a time.
    const words = missing > 8 ? Array.from({ length: Math.ceil(missing / 8) }, word) : ["a"];
    passage = `${passage} ${words.join(" ")}`;
  }
}
