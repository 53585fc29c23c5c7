import { describe, expect, it } from "vitest";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { golden, tokenizerJson, tokenizerNames } from "../fixtures.ts";
import { differences, encoded, type Json, oracle, pairDifferences } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const texts = sampleTexts(2500);

describe("the files of each family", () => {
  it.each(tokenizerNames)("%s: encodes as Hugging Face does", async (name) => {
    expect(await differences(tokenizerJson(name), texts)).toEqual([]);
  });

  it.each(tokenizerNames)("%s: decodes every token as Hugging Face does", async (name) => {
    const json = tokenizerJson(name);
    const ours = openTokenizer(json);
    const theirs = oracle(json);
    expect(ours.vocabularySize).toBe(theirs.getVocabSize(true));
    for (let id = 0; id < ours.vocabularySize + 2; id++) {
      expect(ours.decodeToken(id), `token ${id}`).toBe(await theirs.decode([id], false));
    }
    expect(ours.decodeToken(-1)).toBe("");
    ours.dispose();
  });

  it("the prompts of the goldens have the tokens that the model was measured with", async () => {
    const { prompts } = golden("llama");
    const ids = await encoded(tokenizerJson("bytelevel"), ...prompts.map(({ text }) => text));
    expect(ids).toEqual(prompts.map(({ tokens }) => tokens));
  });
});

/** The file of the model fixtures with other parts. */
const withParts = (parts: Json) =>
  JSON.stringify({ ...JSON.parse(tokenizerJson("bytelevel")), ...parts });

describe("added tokens", () => {
  it("with every combination of flags", async () => {
    const flags = ["single_word", "lstrip", "rstrip", "normalized", "special"];
    const contents = ["<s>", "Zug", "River", "Black Sea", "\u0130", " x", "1", "</s>", "<s"];
    const { vocab } = JSON.parse(tokenizerJson("bytelevel")).model;
    for (let combination = 0; combination < 32; combination++) {
      let next = Object.keys(vocab).length;
      // Neighbours differ in their flags: token n has the combination 5 n further on.
      const added_tokens = contents.map((content, n) => ({
        id: vocab[content] ?? next++,
        content,
        ...Object.fromEntries(
          flags.map((flag, bit) => [flag, ((combination + 5 * n) >> bit) % 2 === 1]),
        ),
      }));
      const json = withParts({ normalizer: { type: "Lowercase" }, added_tokens });
      expect(await differences(json, texts.slice(0, 200)), `flags ${combination}`).toEqual([]);
    }
  });
});

describe("post-processors", () => {
  const roberta = { type: "RobertaProcessing", cls: ["x", 5], sep: ["y", 6] };
  const flags = { trim_offsets: true, add_prefix_space: false };
  const bert = { type: "BertProcessing", cls: ["x", 7], sep: ["y", 8] };
  const special = (id: string, type_id = 0) => ({ SpecialToken: { id, type_id } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const template = {
    type: "TemplateProcessing",
    single: [special("a"), special("b"), { Sequence: { id: "A", type_id: 0 } }, special("b")],
    pair: [],
    special_tokens: {
      a: { id: "a", ids: [1], tokens: ["<s>"] },
      b: { id: "b", ids: [2, 0], tokens: ["</s>", "<pad>"] },
    },
  };
  const withPairs = {
    ...template,
    pair: [special("a"), text("A", 0), special("b"), text("B", 1), special("b", 1)],
  };
  it.each([
    ["none", null],
    ["Roberta", { ...roberta, ...flags }],
    ["Bert", bert],
    ["a template", template],
    ["a template with pairs", withPairs],
    [
      "a template of one token type",
      { ...template, pair: [text("A", 0), special("b"), text("B", 0), special("b")] },
    ],
    [
      "a template that changes type before a token",
      { ...template, pair: [text("A", 0), special("a"), special("b", 1), text("B", 1)] },
    ],
    [
      "a sequence",
      {
        type: "Sequence",
        processors: [{ type: "ByteLevel", ...flags, use_regex: true }, withPairs],
      },
    ],
  ])("%s", async (name, post_processor) => {
    const json = withParts({ post_processor });
    expect(await differences(json, texts.slice(0, 20))).toEqual([]);
    const { pair } = readTokenizer(json).frame;
    const framed = !["none", "a template"].includes(name);
    expect(pair !== undefined).toBe(framed);
    if (framed)
      expect(await pairDifferences(json, "the <s>river ", texts.slice(0, 50))).toEqual([]);
  });

  it.each([
    ["no post-processor", null],
    ["ByteLevel alone", { type: "ByteLevel", ...flags, use_regex: true }],
    ["no pair", template],
    ["the second text first", { ...template, pair: [text("B", 0), text("A", 1)] }],
    ["a text twice", { ...template, pair: [text("A", 0), text("A", 0), text("B", 1)] }],
    ["three types", { ...template, pair: [text("A", 0), text("B", 1), special("a", 2)] }],
    ["types that fall", { ...template, pair: [text("A", 1), text("B", 0)] }],
    [
      "types that fall between",
      { ...template, pair: [text("A", 0), special("a", 1), special("b", 0), text("B", 1)] },
    ],
  ])("%s: pairs are refused", async (_name, post_processor) => {
    const tokenizer = openTokenizer(withParts({ post_processor }));
    await expect(tokenizer.encodePairs("a", ["b"])).rejects.toMatchObject({
      code: "TOKENIZER_UNSUPPORTED",
      message: expect.stringContaining("post_processor has no template for a pair"),
    });
    tokenizer.dispose();
  });
});

describe("decoders", () => {
  const strip = { type: "Strip", content: "e", start: 0, stop: 1 };
  const fallback = { type: "ByteFallback" };
  it.each([
    ["none", null],
    ["Replace", { type: "Replace", pattern: { String: "e" }, content: "$&" }],
    ["Metaspace", { type: "Metaspace", replacement: "e", prepend_scheme: "never", split: true }],
    ["BPEDecoder", { type: "BPEDecoder", suffix: "e" }],
    ["Strip", { type: "Strip", content: "\u0120", start: 2, stop: 0 }],
    ["WordPiece", { type: "WordPiece", prefix: "\u0120", cleanup: false }],
    ["Sequence", { type: "Sequence", decoders: [fallback, { type: "Fuse" }, strip] }],
  ])("%s", async (_name, decoder) => {
    const json = withParts({ decoder });
    const ours = openTokenizer(json);
    const theirs = oracle(json);
    for (let id = 0; id < ours.vocabularySize; id++) {
      expect(ours.decodeToken(id), `token ${id}`).toBe(await theirs.decode([id], false));
    }
    ours.dispose();
  });

  it("WordPiece closes up what was taken apart", async () => {
    const tokens = [
      " .",
      "a ?",
      " ' ",
      " n't",
      "'m 'm",
      " do not do not",
      " 's 've 're",
      " . , !",
      "do not",
    ];
    const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
    const model = { type: "BPE", vocab, merges: [] };
    const json = JSON.stringify({
      model,
      decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    });
    const ours = openTokenizer(json);
    for (const [id, token] of tokens.entries()) {
      expect(ours.decodeToken(id), token).toBe(await oracle(json).decode([id], false));
    }
    ours.dispose();
  });
});
