// The decoder's calls: random words until a prompt has the tokens asked for.
import { defaultSystem, defaultTemplate, renderPrompt } from "../gguf/prompt.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import type { Call, Case } from "./cases.ts";
import { randomNumbers } from "./published.ts";

const prompt = { system: defaultSystem, template: defaultTemplate };

/** `count` calls that have nothing in common but the system text, the same in every run. */
export async function decoderCalls(
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
