import { describe, expect, it } from "vitest";
import { knownPatterns } from "../../native/tokenizer/patterns.ts";
import { differences, type Json } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const texts = sampleTexts(1000);

const sequence = (...pretokenizers: Json[]) => ({ type: "Sequence", pretokenizers });
const split = (pattern: Json, behavior = "Isolated", invert = false) => ({
  type: "Split",
  pattern,
  behavior,
  invert,
});
const byteLevel = {
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};
const metaspace = { type: "Metaspace", replacement: "_", prepend_scheme: "always", split: true };
const spaces = { Regex: "\\s+" };
const numbers = { Regex: "\\p{N}" };
const llama3 = { Regex: knownPatterns.find((pattern) => pattern.startsWith("(?i:"))! };

const preTokenizers: readonly (readonly [name: string, part: Json])[] = [
  ...knownPatterns.map((Regex) => [Regex, split({ Regex })] as const),
  ["ByteLevel", byteLevel],
  ["ByteLevel with a space before", { ...byteLevel, add_prefix_space: true }],
  ["ByteLevel without cutting", { ...byteLevel, use_regex: false }],
  ["Removed", split(spaces, "Removed")],
  ["Removed, inverted", split(llama3, "Removed", true)],
  ["MergedWithPrevious", split(spaces, "MergedWithPrevious")],
  ["MergedWithPrevious, inverted", split(numbers, "MergedWithPrevious", true)],
  ["MergedWithNext", split(spaces, "MergedWithNext")],
  ["MergedWithNext, inverted", split(numbers, "MergedWithNext", true)],
  ["Contiguous", split(numbers, "Contiguous")],
  ["Contiguous, inverted", split(numbers, "Contiguous", true)],
  ["plain text", split({ String: "'" }, "MergedWithNext")],
  ["plain text that is an expression elsewhere", split({ String: "." })],
  ["Digits", { type: "Digits", individual_digits: true }],
  ["Digits together", { type: "Digits", individual_digits: false }],
  ["Whitespace", { type: "Whitespace" }],
  ["WhitespaceSplit", { type: "WhitespaceSplit" }],
  ["BertPreTokenizer", { type: "BertPreTokenizer" }],
  ["Metaspace", metaspace],
  ["Metaspace in one piece", { ...metaspace, split: false }],
  ["Metaspace at the start", { ...metaspace, prepend_scheme: "first" }],
  ["Metaspace never", { ...metaspace, prepend_scheme: "never" }],
  ["Metaspace of old", { type: "Metaspace", replacement: "\u2581", add_prefix_space: true }],
  ["Sequence", sequence({ type: "Digits", individual_digits: true }, { ...byteLevel, add_prefix_space: true })],
  ["Falcon's", sequence(byteLevel, split({ Regex: "[0-9][0-9][0-9]" }))],
]; // biome-ignore format: a table

/** Tokens of single bytes, with those of a mark behind each piece: the ids show every piece. */
const bytes: Json = {
  type: "BPE",
  vocab: Object.fromEntries(
    Array.from({ length: 256 }, (_, byte) => [
      `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      byte,
    ]),
  ),
  merges: [],
  byte_fallback: true,
  end_of_word_suffix: "|",
};

const replace = (text: string, content: string) => ({
  type: "Replace",
  pattern: { String: text },
  content,
});

const normalizers: readonly Json[] = [
  { type: "NFC" },
  { type: "NFD" },
  { type: "NFKC" },
  { type: "NFKD" },
  { type: "Lowercase" },
  { type: "Prepend", prepend: "\u2581" },
  replace("$&", "$$1"),
  replace(" ", ""),
  { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "Lowercase" }, replace("e\u0301", "\u00e9")] },
  { type: "Sequence", normalizers: [] },
  { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: false },
  { type: "Sequence", normalizers: [{ type: "NFKC" }, { type: "NFC" }, { type: "Lowercase" }] },
]; // biome-ignore format: a table

describe("where text is cut", () => {
  it.each(preTokenizers)("%s", async (_name, part) => {
    const json = JSON.stringify({ pre_tokenizer: part, model: bytes });
    expect(await differences(json, texts)).toEqual([]);
  });
});

describe("what text is cut", () => {
  it.each(normalizers)("$type", async (part) => {
    const json = JSON.stringify({ normalizer: part, model: bytes });
    expect(await differences(json, texts)).toEqual([]);
  });

  it("BertNormalizer, with every combination of flags", async () => {
    const flags = ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"];
    for (let combination = 0; combination < 16; combination++) {
      const set = flags.map((flag, bit) => [flag, (combination >> bit) % 2 === 1]);
      const normalizer = { type: "BertNormalizer", ...Object.fromEntries(set) };
      const json = JSON.stringify({ normalizer, model: bytes });
      expect(await differences(json, texts.slice(0, 400)), json.slice(0, 120)).toEqual([]);
    }
  });
});
