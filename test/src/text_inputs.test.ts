// Texts as inputs of an embedder, with a real tokenizer: a text cut early is what cutting its tokens gives.
import { afterAll, describe, expect, it } from "vitest";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { tokenizerFromVocabulary } from "../../native/tokenizer/from_vocabulary.ts";
import { inputsOf } from "../../src/text_inputs.ts";
import { collect } from "./fakes.ts";

const contextLength = 12;
const separator = 3;

/** "aaaaaaaa" is one token, what is left of it when it is cut is a token a letter. */
const vocabulary = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "aaaaaaaa",
  "a",
  "##a",
  "b",
  "的",
];
const tokenizer = openTokenizer(tokenizerFromVocabulary(vocabulary.join("\n"), undefined));
afterAll(() => tokenizer.dispose());

async function cutWhole(text: string): Promise<number[]> {
  const [tokens] = (await tokenizer.encode([text])) as [Int32Array];
  if (tokens.length <= contextLength) return [...tokens];
  return [...tokens.subarray(0, contextLength - 1), separator];
}

const word = "aaaaaaaa";

describe("a text longer than the context", () => {
  it.each<[string, (shift: number) => string]>([
    ["words", (shift) => "b ".repeat(shift) + Array(400).fill(word).join(" ")],
    ["words far apart", (shift) => " ".repeat(shift) + Array(400).fill(word).join(" ".repeat(7))],
    ["a table", (shift) => "b ".repeat(shift) + Array(300).fill(word).join("\n        | ")],
    ["a word that is too long to be known", (shift) => " ".repeat(shift) + "a".repeat(3000)],
    ["text without spaces", (shift) => "b".repeat(shift % 2) + "的".repeat(1000 + shift)],
    ["one word after much white space", (shift) => " ".repeat(2000 + shift) + word],
  ])("is cut as its tokens would be: %s", async (_what, textOf) => {
    const texts = Array.from({ length: 24 }, (_, shift) => textOf(shift));
    for (const prefix of ["", "b b "]) {
      const inputs = await collect(inputsOf({ tokenizer, contextLength }, prefix, texts, "cut"));
      const wanted = await Promise.all(texts.map((text) => cutWhole(prefix + text)));
      expect(inputs.map(({ tokens }) => [...tokens])).toEqual(wanted);
    }
  });

  it("is not encoded to its end", async () => {
    let longest = 0;
    const watched = {
      encode(texts: readonly string[]) {
        longest = Math.max(longest, ...texts.map(({ length }) => length));
        return tokenizer.encode(texts);
      },
    };
    const text = "b ".repeat(100_000);
    await collect(inputsOf({ tokenizer: watched, contextLength }, "", [text], "cut"));
    expect(longest).toBeLessThan(2000);
  });
});

it("names the prefix where it leaves windows no room", async () => {
  const work = collect(
    inputsOf({ tokenizer, contextLength }, "b ".repeat(8), ["b b b"], "average"),
  );
  await expect(work).rejects.toThrow(
    /^The prefix "b b b .* leaves no room for a text: with it .* 10 of the model's 12 tokens, and a text needs .* shorter/,
  );
  await expect(work).rejects.not.toThrow("query");
});
