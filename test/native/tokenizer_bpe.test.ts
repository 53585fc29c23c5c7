import { describe, expect, it } from "vitest";
import { tokenizerJson } from "../fixtures.ts";
import { differences, type Json } from "./tokenizer_oracle.ts";
import { adversarialTexts, randomNumbers } from "./tokenizer_samples.ts";

const characters = ["a", "b", "c", "\u00e9"];

/** A small model with random merges, some of them twice, and random options. */
function randomModel(random: () => number): Json {
  const below = (limit: number) => Math.floor(random() * limit);
  const chance = () => random() < 0.4;
  const prefix = chance() ? "#" : "";
  const suffix = chance() ? "$" : "";
  const spellings = characters.flatMap((c) => [c, prefix + c, c + suffix, prefix + c + suffix]);
  // Some characters are missing, and with them the byte tokens of some.
  const tokens = [...new Set(spellings.filter(() => random() < 0.9)), "<unk>"];
  if (chance()) tokens.push("<0xC3>", "<0xA9>", "<0x61>", "<0x23>");
  const merges: [string, string][] = [];
  for (let count = below(30); count > 0; count--) {
    const left = tokens[below(tokens.length)]!;
    const right = tokens[below(tokens.length)]!;
    if (!right.startsWith(prefix)) continue;
    merges.push([left, right]);
    tokens.push(left + right.slice(prefix.length));
  }
  return {
    type: "BPE",
    vocab: Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id])),
    merges,
    unk_token: chance() ? "<unk>" : null,
    fuse_unk: chance(),
    byte_fallback: chance(),
    ignore_merges: chance(),
    continuing_subword_prefix: prefix === "" && chance() ? null : prefix,
    end_of_word_suffix: suffix === "" && chance() ? null : suffix,
  };
}

describe("byte-pair encoding", () => {
  it("encodes with 300 random models as Hugging Face does", async () => {
    const random = randomNumbers(5);
    const alphabet = [...characters, ...characters, "z", "\u4e2d", " "];
    const character = () => alphabet[Math.floor(random() * alphabet.length)]!;
    for (let run = 0; run < 300; run++) {
      const model = randomModel(random);
      const texts = Array.from({ length: 25 }, () =>
        Array.from({ length: Math.floor(random() * 12) }, character).join(""),
      );
      const json = JSON.stringify({ pre_tokenizer: { type: "WhitespaceSplit" }, model });
      expect(await differences(json, texts), json).toEqual([]);
    }
  });

  it.each(["bytelevel", "sentencepiece", "metaspace"] as const)(
    "%s: encodes long runs",
    async (name) => {
      expect(await differences(tokenizerJson(name), adversarialTexts(20_000))).toEqual([]);
    },
  );

  it("numbers added tokens from the size of a vocabulary on, whatever its holes", async () => {
    const model = { type: "BPE", vocab: { a: 0, b: 10, ab: 7 }, merges: [["a", "b"]] };
    const plain = {
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    };
    const tokens = (...list: [string, number][]) =>
      list.map(([content, id]) => ({ id, content, ...plain }));
    const files = [
      { model, added_tokens: tokens(["<s>", 3], ["<t>", 4]) },
      { model, added_tokens: tokens(["b", 10], ["<s>", 3], ["a", 0], ["<t>", 4]) },
      { model, added_tokens: tokens(["a", 0], ["<s>", 3], ["ab", 7], ["<t>", 4]) },
    ];
    for (const file of files) {
      expect(await differences(JSON.stringify(file), ["a<s>b<t>ab", "aab"])).toEqual([]);
    }
  });

  it("gives the same ids from its cache", async () => {
    const texts = ["the river", "the river", "the rivers", "the river"];
    expect(await differences(tokenizerJson("bytelevel"), texts)).toEqual([]);
  });
});
