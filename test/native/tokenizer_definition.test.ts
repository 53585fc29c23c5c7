import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { encoded, type Json } from "./tokenizer_oracle.ts";

const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2, "<unk>": 3 }, merges: [["a", "b"]] };
const words = { type: "WordPiece", vocab: { "[UNK]": 0, a: 1, "##b": 2 }, unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 }; // biome-ignore format: a table
const token = { id: 4, content: "<s>", special: true };
const sequence = (member: string, ...steps: Json[]) => ({ type: "Sequence", [member]: steps });
const regex = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated" });
const template = (...single: Json[]) => ({
  type: "TemplateProcessing",
  single,
  special_tokens: { a: { id: "a", ids: [0], tokens: ["a"] }, far: { id: "far", ids: [77] } },
});
const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** What the file holds, and what the refusal must name. */
const refused: readonly (readonly [name: string, parts: Json, message: string])[] = [
  ["another version", { version: "2.0" }, 'version is "2.0"'],
  ["another model", { model: { ...model, type: "Unigram" } }, "model is of type \"Unigram\""],
  ["no model", { model: null }, "model must be an object"],
  ["WordPiece without a type", { model: { vocab: {} } }, "model is of type unknown"],
  ["WordPiece without its unknown token", { model: { ...words, unk_token: "[unk]" } }, 'model.unk_token is "[unk]", which is not in model.vocab'],
  ["WordPiece without a name for it", { model: { ...words, unk_token: null } }, "model.unk_token must be a string"],
  ["WordPiece without a prefix", { model: { ...words, continuing_subword_prefix: undefined } }, "model.continuing_subword_prefix must be"],
  ["WordPiece with a long prefix", { model: { ...words, continuing_subword_prefix: "#".repeat(17) } }, "model.continuing_subword_prefix is longer"],
  ["WordPiece with endless words", { model: { ...words, max_input_chars_per_word: 1e6 } }, "model.max_input_chars_per_word must be a whole number from 0 to 1024"],
  ["WordPiece with no longest word", { model: { ...words, max_input_chars_per_word: "100" } }, "model.max_input_chars_per_word must be"],
  ["WordPiece with a huge id", { model: { ...words, vocab: { "[UNK]": 2 ** 31 } } }, "model.vocab gives"],
  ["WordPiece with a fractional id", { model: { ...words, vocab: { "[UNK]": 0, a: 0.5 } } }, "model.vocab gives"],
  ["WordPiece with an id twice", { model: { ...words, vocab: { "[UNK]": 0, a: 0 } } }, "the id 0 to two tokens"],
  ["WordPiece with a list of tokens", { model: { ...words, vocab: ["[UNK]"] } }, "model.vocab must be an object"],
  ["WordPiece with half a surrogate pair", { model: { ...words, vocab: { "[UNK]": 0, "##\udc00": 1 } } }, "half a surrogate"],
  ["an old WordPiece without its unknown token", { model: { ...words, type: undefined, unk_token: "?" } }, "model.unk_token is"],
  ["a pair of undefined tokens", { post_processor: { ...template(text("A")), pair: [text("A"), special("b"), text("B")] } }, "post_processor.special_tokens.b"],
  ["a pair of endless tokens", { post_processor: { ...template(text("A")), pair: [text("A"), ...many(33, special("a")), text("B")] } }, "post_processor.pair adds over 32 tokens"],
  ["a token type that is none", { post_processor: { ...template(text("A")), pair: [{ SpecialToken: { id: "a", type_id: -1 } }] } }, "type_id must be a whole number"],
  ["dropout", { model: { ...model, dropout: 0.1 } }, "model.dropout is set"],
  ["a fractional id", { model: { ...model, vocab: { a: 0.5 } } }, "model.vocab gives \"a\" no id"],
  ["a negative id", { model: { ...model, vocab: { a: -1 } } }, "model.vocab gives"],
  ["a huge id", { model: { ...model, vocab: { a: 2 ** 20 } } }, "model.vocab gives"],
  ["an id twice", { model: { ...model, vocab: { a: 0, b: 0 } } }, "the id 0 to two tokens"],
  ["half a surrogate pair", { model: { ...model, vocab: { "\ud800": 0 } } }, "half a surrogate"],
  ["a vocabulary list", { model: { ...model, vocab: [["a", 0]] } }, "model.vocab must be an object"],
  ["an endless suffix", { model: { ...model, end_of_word_suffix: "x".repeat(99) } }, "model.end_of_word_suffix is longer"],
  ["merges missing", { model: { type: "BPE", vocab: {} } }, "model.merges must be a list"],
  ["an unknown merge", { model: { ...model, merges: [["a", "z"]] } }, "model.merges joins \"a\" and \"z\""],
  ["an unknown sum", { model: { ...model, merges: [["b", "a"]] } }, "model.merges joins"],
  ["a merge of three", { model: { ...model, merges: ["a b c"] } }, "model.merges has an entry 0"],
  ["a merge of one", { model: { ...model, merges: ["ab"] } }, "model.merges has an entry 0"],
  ["a merge of ids", { model: { ...model, merges: [7] } }, "model.merges has an entry 0"],
  ["a nested merge", { model: { ...model, merges: [[["a"], "b"]] } }, "model.merges has an entry 0"],
  ["added tokens that are an object", { added_tokens: {} }, "added_tokens must be a list"],
  ["an id of its own", { added_tokens: [{ ...token, id: 9 }] }, "added_tokens[0].id should be 4"],
  ["the id of another token", { model: { ...model, vocab: { a: 0, b: 4, ab: 2, c: 3 } }, added_tokens: [token] }, "added_tokens[0].id is 4, which"],
  ["an added token twice", { added_tokens: [token, token] }, "added_tokens[1] is a second"],
  ["added tokens that become one", { normalizer: { type: "Lowercase" }, added_tokens: [{ ...token, normalized: true }, { ...token, id: 5, content: "<S>", normalized: true }] }, "added_tokens has two tokens that are the same after normalization: \"<s>\""],
  ["an endless added token", { added_tokens: [{ ...token, content: "x".repeat(300) }] }, "added_tokens[0].content is longer"],
  ["a flag that is no flag", { added_tokens: [{ ...token, lstrip: 1 }] }, "added_tokens[0].lstrip must be"],
  ["another normalizer", { normalizer: { type: "Precompiled" } }, 'normalizer has the type "Precompiled"'],
  ["a normalizing expression", { normalizer: { type: "Replace", pattern: { Regex: "(a+)+" }, content: "" } }, "normalizer.pattern"],
  ["an empty pattern", { normalizer: { type: "Replace", pattern: { String: "" }, content: "x" } }, "normalizer.pattern.String is empty"],
  ["a long insertion", { normalizer: { type: "Prepend", prepend: "x".repeat(17) } }, "normalizer.prepend is longer"],
  ["insertions that multiply", { normalizer: sequence("normalizers", ...many(2, { type: "Replace", pattern: { String: "a" }, content: "aaaaaaaaa" })) }, "normalizer can make a text 81 times longer"],
  ["a long insertion before normal forms", { normalizer: sequence("normalizers", { type: "Replace", pattern: { String: "a" }, content: "bbbbbbbb" }, { type: "NFKD" }) }, "normalizer can make a text 88 times longer"],
  ["a flag of BERT's that is no flag", { normalizer: { type: "BertNormalizer", strip_accents: 1 } }, "normalizer.strip_accents must be"],
  ["many steps", { normalizer: sequence("normalizers", ...many(17, { type: "NFC" })) }, "normalizer.normalizers has 17 steps"],
  ["a nested sequence", { normalizer: sequence("normalizers", sequence("normalizers")) }, "normalizer.normalizers[0] is a Sequence"],
  ["another pre-tokenizer", { pre_tokenizer: { type: "UnicodeScripts" } }, 'pre_tokenizer has the type "UnicodeScripts"'],
  ["an unknown expression", { pre_tokenizer: regex("(a+)+$") }, 'pre_tokenizer.pattern.Regex is the regular expression "(a+)+$"'],
  ["a known expression, changed", { pre_tokenizer: regex("\\p{N}{1,4}") }, "pre_tokenizer.pattern.Regex is"],
  ["no pattern", { pre_tokenizer: { type: "Split", pattern: {}, behavior: "Isolated" } }, "pre_tokenizer.pattern"],
  ["another behavior", { pre_tokenizer: { ...regex("\\s+"), behavior: "isolated" } }, "pre_tokenizer.behavior is none of"],
  ["a step of a sequence", { pre_tokenizer: sequence("pretokenizers", { type: "Digits" }, regex("x")) }, "pre_tokenizer.pretokenizers[1].pattern"],
  ["a long mark", { pre_tokenizer: { type: "Metaspace", replacement: "__" } }, "pre_tokenizer.replacement must be one"],
  ["another scheme", { pre_tokenizer: { type: "Metaspace", replacement: "_", prepend_scheme: "last" } }, "pre_tokenizer.prepend_scheme"],
  ["a contradiction", { pre_tokenizer: { type: "Metaspace", replacement: "_", add_prefix_space: false } }, "pre_tokenizer.add_prefix_space is false"],
  ["a late first", { pre_tokenizer: sequence("pretokenizers", { type: "Digits" }, { type: "Metaspace", replacement: "_", prepend_scheme: "first" }) }, "pretokenizers[1] has the prepend_scheme \"first\" behind"],
  ["a normalized first", { normalizer: { type: "NFC" }, pre_tokenizer: { type: "Metaspace", replacement: "_", prepend_scheme: "first" } }, 'pre_tokenizer has the prepend_scheme "first" behind a normalizer'],
  ["another post-processor", { post_processor: { type: "Padding" } }, 'post_processor has the type "Padding"'],
  ["no text", { post_processor: template(special("a")) }, "post_processor.single holds the text $A 0 times"],
  ["the text twice", { post_processor: template(text("A"), text("A")) }, "the text $A 2 times"],
  ["the second text", { post_processor: template(text("B")) }, "post_processor.single[0] is not the text $A"],
  ["an undefined special token", { post_processor: template(special("toString"), text("A")) }, "post_processor.special_tokens.toString"],
  ["an id of no token", { post_processor: template(special("far"), text("A")) }, "special_tokens.far.ids[0] is 77"],
  ["endless special tokens", { post_processor: { ...template(special("a"), text("A")), special_tokens: { a: { ids: many(200_000, 0) } } } }, "post_processor.special_tokens.a stands for over 32"],
  ["a name that would forge a line", { post_processor: template(special("x\ny"), text("A")) }, 'post_processor.special_tokens."x\\ny"'],
  ["special tokens twice", { post_processor: sequence("processors", { type: "BertProcessing", sep: ["s", 0], cls: ["c", 1] }, template(special("a"), text("A"))) }, "post_processor adds special tokens in more than one step"],
  ["a separator without id", { post_processor: { type: "BertProcessing", sep: ["s"], cls: ["c", 0] } }, "post_processor."],
  ["another decoder", { decoder: { type: "CTC" } }, 'decoder has the type "CTC"'],
  ["a decoding expression", { decoder: { type: "Replace", pattern: { Regex: "x" }, content: "" } }, "decoder.pattern"],
  ["an endless strip", { decoder: { type: "Strip", content: " ", start: 1e9, stop: 0 } }, "decoder.start must be a whole number"],
]; // biome-ignore format: a table

function refusal(json: string): QragError {
  try {
    openTokenizer(json);
  } catch (error) {
    expect(error).toBeInstanceOf(QragError);
    return error as QragError;
  }
  throw new Error("it was not refused");
}

describe("files that are refused", () => {
  it("starts from one that is not", async () => {
    expect(await encoded(JSON.stringify({ model }), "aab")).toEqual([[0, 2]]);
  });

  it.each(refused)("%s", (_name, parts, message) => {
    const error = refusal(JSON.stringify({ model, ...parts }));
    expect(error.code).toBe("TOKENIZER_UNSUPPORTED");
    expect(error.message).toContain(`tokenizer.json: `);
    expect(error.message).toContain(message);
  });

  it.each(["", "{", "null", "[]", "7", '"text"'])("%j is no tokenizer", (json) => {
    expect(refusal(json).code).toBe("TOKENIZER_UNSUPPORTED");
  });

  it("cut anywhere, a file is refused with the same code", () => {
    const json = JSON.stringify({ added_tokens: [token], model });
    for (let end = 0; end < json.length; end++) {
      expect(refusal(json.slice(0, end)).code).toBe("TOKENIZER_UNSUPPORTED");
    }
  });

  it("a value nested beyond any stack", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    for (const member of [
      "version",
      "normalizer",
      "model",
      "added_tokens",
      "post_processor",
      "decoder",
    ]) {
      const json = `{"${member}": ${deep}, "x": ${JSON.stringify({ model })}}`;
      expect(refusal(json).code).toBe("TOKENIZER_UNSUPPORTED");
    }
    const pattern = `{"pre_tokenizer": {"type": "Split", "pattern": ${deep}}, "model": ${JSON.stringify(model)}}`;
    expect(refusal(pattern).message).toContain("pre_tokenizer.pattern");
    const vocab = `{"model": {"type": "WordPiece", "vocab": ${deep}}}`;
    expect(refusal(vocab).message).toContain("model.vocab must be an object");
    const pair = `{"post_processor": {"type": "TemplateProcessing", "single": [${JSON.stringify(text("A"))}], "pair": ${deep}}, "model": ${JSON.stringify(model)}}`;
    expect(refusal(pair).message).toContain("post_processor.pair[0] must be an object");
  });

  it("names of object members are no members", () => {
    const parts = JSON.parse('{"__proto__": {"model": {}}}') as Json;
    expect(refusal(JSON.stringify(parts)).message).toContain("model must be an object");
  });
});

describe("texts that are refused", () => {
  it("an unknown character, when the unknown token is unknown too; other texts are not", async () => {
    const tokenizer = openTokenizer(JSON.stringify({ model: { ...model, unk_token: "[UNK]" } }));
    const [known, unknown] = [tokenizer.encode(["ab"]), tokenizer.encode(["ab", "abz"])];
    expect(await known).toEqual([Int32Array.of(2)]);
    await expect(unknown).rejects.toMatchObject({
      code: "TOKENIZER_UNSUPPORTED",
      message: expect.stringContaining(
        'model.unk_token is not in the vocabulary, and the text holds "z"',
      ),
    });
    tokenizer.dispose();
  });
});

describe("texts that are taken as they are", () => {
  const json = JSON.stringify({
    model: { ...model, vocab: { ...model.vocab, "\ufffd": 4, "\0": 5 } },
  });

  it("half a surrogate pair is the replacement character", async () => {
    expect(await encoded(json, "a\ud800b\udc00\u{1f600}")).toEqual([[0, 4, 1, 4]]);
  });

  it("NUL is a character", async () => {
    expect(await encoded(json, "a\0b")).toEqual([[0, 5, 1]]);
  });

  it("the size of the vocabulary counts the holes", () => {
    const holes = openTokenizer(JSON.stringify({ model: { vocab: { a: 7 }, merges: [] } }));
    expect(holes.vocabularySize).toBe(8);
    expect([holes.decodeToken(7), holes.decodeToken(3)]).toEqual(["a", ""]);
    holes.dispose();
  });
});
