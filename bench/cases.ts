// What is timed: pairs and batches of texts whose prompts have a given number of tokens.
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { randomNumbers } from "./published.ts";

/** One call to time: a query and its passages. */
export interface Call {
  readonly query: string;
  readonly passages: readonly string[];
  /** Tokens of each of its prompts; a few prompts in a hundred have up to four more. */
  readonly tokens: number;
}

export interface Case {
  readonly name: string;
  /** Tokens of one prompt, the system text included. */
  readonly tokens: number;
  readonly passages: number;
}

/**
 * Timed call by call in a process that has answered before. There is no pair of 64 tokens: the published system text
 * alone takes 64, and the prompt 81 before any query or passage stands in it.
 */
const pairs = [128, 200, 300, 500].map((tokens) => ({
  name: `pair-${tokens}`,
  tokens,
  passages: 1,
}));
export const batch: Case = { name: "batch-100x200", tokens: 200, passages: 100 };
export const timedCases: readonly Case[] = [...pairs, batch];

/** From the start of a process to its first verdict: a process a sample. */
export const coldStart: Case = { name: "cold-start", tokens: 200, passages: 1 };

/** The batches once more, ten of them: a thousand passages, and then what the process holds. */
export const memory: Case = { ...batch, name: "memory" };
export const memoryCalls = 10;

export const allCases: readonly Case[] = [...timedCases, coldStart, memory];

/** Answered by every contender before it is timed, and compared with a reference's answers. */
export const answerCases: readonly Case[] = [
  ...Array.from({ length: 3 }, (_, i) => ({ name: "answers", tokens: 300 + i, passages: 1 })),
  { name: "answers", tokens: 200, passages: 9 },
];

const prompt = { system: defaultSystem, template: defaultTemplate };

/** `count` calls that have nothing in common but the system text, the same in every run. */
export async function callsOf(
  { tokens, passages }: Case,
  count: number,
  tokenizer: BackgroundTokenizer,
): Promise<Call[]> {
  const random = randomNumbers(tokens);
  const word = () => {
    const letter = () => String.fromCharCode(97 + Math.floor(random() * 26));
    return Array.from({ length: 1 + Math.floor(random() * 7) }, letter).join("");
  };
  const calls: Call[] = [];
  while (calls.length < count) {
    const query = Array.from({ length: 4 }, word).join(" ");
    const filled: string[] = [];
    while (filled.length < passages) filled.push(await passageOf(query, tokens, word, tokenizer));
    calls.push({ query, passages: filled, tokens });
  }
  return calls;
}

/** Words until the prompt has the tokens asked for; the last ones are letters, to hit the number. */
async function passageOf(
  query: string,
  tokens: number,
  word: () => string,
  tokenizer: BackgroundTokenizer,
): Promise<string> {
  const length = async (text: string) => {
    const [ids] = await tokenizer.encode([renderPrompt(prompt, query, text)]);
    return ids!.length;
  };
  let passage = word();
  for (;;) {
    const missing = tokens - (await length(passage));
    if (missing <= 0) return passage;
    // A word has two tokens and more; near the end one letter at a time.
    const words = missing > 8 ? Array.from({ length: Math.ceil(missing / 8) }, word) : ["a"];
    passage = `${passage} ${words.join(" ")}`;
  }
}
