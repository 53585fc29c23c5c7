import { describe, expect, it } from "vitest";
import { loadTokenizer } from "../../native/tokenizer.ts";
import { knownPatterns } from "../../native/tokenizer_patterns.ts";
import { patterns } from "../fixtures/tokenizer_parts.ts";
import { golden, tokenizerJson, tokenizerNames } from "../fixtures.ts";
import { differences, type Json, oracle } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const texts = sampleTexts(2000);
const few = texts.slice(0, 500);

describe("the files of each family", () => {
  it.each(tokenizerNames)("%s: encodes as Hugging Face does", async (name) => {
    expect(await differences(tokenizerJson(name), texts)).toEqual([]);
  });

  it.each(tokenizerNames)("%s: decodes every token as Hugging Face does", async (name) => {
    const json = tokenizerJson(name);
    const ours = loadTokenizer(json);
    const theirs = oracle(json);
    expect(ours.vocabularySize).toBe(theirs.getVocabSize(true));
    for (let id = 0; id < ours.vocabularySize + 2; id++) {
      expect(ours.decodeToken(id), `token ${id}`).toBe(await theirs.decode([id], false));
    }
    expect(ours.decodeToken(-1)).toBe("");
  });

  it("the prompts of the goldens have the tokens that the model was measured with", () => {
    const tokenizer = loadTokenizer(tokenizerJson("bytelevel"));
    const { prompts, numbers } = golden("llama");
    expect(tokenizer.vocabularySize).toBe(numbers.vocabularySize);
    for (const { text, tokens } of prompts) expect([...tokenizer.encode(text)]).toEqual(tokens);
  });
});

const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: false,
};
const regexSplit = (Regex: string, behavior: string, invert = false) => ({
  type: "Split",
  pattern: { Regex },
  behavior,
  invert,
});
const sequence = (...pretokenizers: Json[]) => ({ type: "Sequence", pretokenizers });

const preTokenizers: Record<string, Json> = {
  ...Object.fromEntries(knownPatterns.map((known) => [known, sequence(regexSplit(known, "Isolated"), byteLevel)])),
  "GPT-2": { ...byteLevel, use_regex: true },
  "GPT-2 with a prefix space": { ...byteLevel, use_regex: true, add_prefix_space: true },
  "Llama 3, removed and inverted": sequence(regexSplit(patterns.llama3, "Removed", true), byteLevel),
  "spaces, removed": sequence(regexSplit("\\s+", "Removed"), byteLevel),
  "spaces, with what precedes": sequence(regexSplit("\\s+", "MergedWithPrevious"), byteLevel),
  "spaces, with what follows": sequence(regexSplit("\\s+", "MergedWithNext"), byteLevel),
  "numbers, contiguous": sequence(regexSplit("\\p{N}", "Contiguous"), byteLevel),
  "numbers, inverted": sequence(regexSplit("\\p{N}{1,3}", "MergedWithNext", true), byteLevel),
  "Falcon's numbers": sequence({ ...byteLevel, use_regex: true }, regexSplit("[0-9][0-9][0-9]", "Isolated")),
  "lines, with what precedes": sequence(regexSplit("[\\r\\n]", "MergedWithPrevious"), byteLevel),
  "digits one by one": sequence({ type: "Digits", individual_digits: true }, byteLevel),
  "digits together": sequence({ type: "Digits", individual_digits: false }, byteLevel),
  words: sequence({ type: "Whitespace" }, byteLevel),
  "words between spaces": sequence({ type: "WhitespaceSplit" }, byteLevel),
  "plain text": sequence({ type: "Split", pattern: { String: "'" }, behavior: "MergedWithNext", invert: false }, byteLevel),
  metaspace: sequence({ type: "Metaspace", replacement: "_", prepend_scheme: "always", split: true }, byteLevel),
  "metaspace at the start": sequence({ type: "Metaspace", replacement: "_", prepend_scheme: "first", split: true }, byteLevel),
  "metaspace of old": sequence({ type: "Metaspace", replacement: "\u2581", add_prefix_space: true }, byteLevel),
}; // biome-ignore format: a table

/** A sixth of all pairs of bytes merge, in a scrambled order: a piece cut in another place gives other ids. */
function pairModel(): Json {
  const { vocab } = JSON.parse(tokenizerJson("qwen2")).model as { vocab: Record<string, number> };
  const bytes = Object.keys(vocab).filter((token) => token.length === 1);
  const merges = Array.from({ length: 2 ** 16 / 6 }, (_, index) => {
    const pair = (index * 40_503) % 2 ** 16; // odd: no pair comes twice
    return [bytes[pair >> 8]!, bytes[pair & 255]!];
  });
  const tokens = [...bytes, ...merges.map((pair) => pair.join(""))];
  return { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges };
}

const pairs = pairModel();
const withPairs = (parts: Json) =>
  JSON.stringify({
    version: "1.0",
    added_tokens: [],
    pre_tokenizer: byteLevel,
    model: pairs,
    ...parts,
  });

describe("the places where text is cut", () => {
  it.each(Object.entries(preTokenizers))("%s", async (_name, pre_tokenizer) => {
    expect(await differences(withPairs({ pre_tokenizer }), few)).toEqual([]);
  });
});

const replace = (text: string, content: string) => ({
  type: "Replace",
  pattern: { String: text },
  content,
});

const normalizers: Record<string, Json> = {
  NFC: { type: "NFC" },
  NFD: { type: "NFD" },
  NFKC: { type: "NFKC" },
  NFKD: { type: "NFKD" },
  Lowercase: { type: "Lowercase" },
  Prepend: { type: "Prepend", prepend: "\u2581" },
  Replace: replace("$&", "$$1"),
  "Replace by nothing": replace(" ", ""),
  Sequence: {
    type: "Sequence",
    normalizers: [{ type: "NFD" }, { type: "Lowercase" }, replace("e\u0301", "\u00e9"), { type: "NFKC" }],
  },
}; // biome-ignore format: a table

describe("the text that is cut", () => {
  it.each(Object.entries(normalizers))("%s", async (_name, normalizer) => {
    expect(await differences(withPairs({ normalizer }), few)).toEqual([]);
  });

  it("added tokens with every combination of flags", async () => {
    const flags = ["single_word", "lstrip", "rstrip", "normalized", "special"];
    const contents = ["<s>", "Zug", "River", "Black Sea", "\u0130", " x", "1", "</s>", "<s"];
    const { model } = JSON.parse(tokenizerJson("bytelevel"));
    for (let combination = 0; combination < 32; combination++) {
      let next = Object.keys(model.vocab).length;
      // Neighbours differ in their flags: token n has the combination 5 n further on.
      const added_tokens = contents.map((content, n) => ({
        id: model.vocab[content] ?? next++,
        content,
        ...Object.fromEntries(
          flags.map((flag, bit) => [flag, ((combination + 5 * n) >> bit) % 2 === 1]),
        ),
      }));
      const json = withPairs({ normalizer: { type: "Lowercase" }, added_tokens, model });
      expect(await differences(json, texts.slice(0, 300)), `flags ${combination}`).toEqual([]);
    }
  });
});
