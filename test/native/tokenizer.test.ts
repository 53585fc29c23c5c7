import { describe, expect, it } from "vitest";
import { loadTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { golden, tokenizerJson, tokenizerNames } from "../fixtures.ts";
import { differences, type Json, oracle } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const texts = sampleTexts(2500);

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
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const template = {
    type: "TemplateProcessing",
    single: [special("a"), special("b"), { Sequence: { id: "A", type_id: 0 } }, special("b")],
    pair: [],
    special_tokens: {
      a: { id: "a", ids: [1], tokens: ["<s>"] },
      b: { id: "b", ids: [2, 0], tokens: ["</s>", "<pad>"] },
    },
  };
  it.each([
    ["none", null],
    ["Roberta", { ...roberta, ...flags }],
    ["Bert", bert],
    ["a template", template],
    [
      "a sequence",
      {
        type: "Sequence",
        processors: [{ type: "ByteLevel", ...flags, use_regex: true }, template],
      },
    ],
  ])("%s", async (_name, post_processor) => {
    expect(await differences(withParts({ post_processor }), texts.slice(0, 20))).toEqual([]);
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
    ["Sequence", { type: "Sequence", decoders: [fallback, { type: "Fuse" }, strip] }],
  ])("%s", async (_name, decoder) => {
    const json = withParts({ decoder });
    const ours = loadTokenizer(json);
    const theirs = oracle(json);
    for (let id = 0; id < ours.vocabularySize; id++) {
      expect(ours.decodeToken(id), `token ${id}`).toBe(await theirs.decode([id], false));
    }
  });
});
