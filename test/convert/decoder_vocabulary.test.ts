// tokenizer.json as llama.cpp's arrays: tokens, types, merges or scores, special ids, and the splitting's name.
import { describe, expect, it } from "vitest";
import { decoderVocabulary } from "../../convert/architectures/decoder_vocabulary.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { type TokenizerName, tokenizerJson } from "../fixtures.ts";

const short = { system: "Judge.", template: "{system} {query} {passage}" };

function vocabularyOf(json: string, extraRows = 0, prompt = short) {
  const tokenizer = readTokenizer(json);
  const rows = tokenizer.vocabularySize + extraRows;
  const { metadata, notes } = decoderVocabulary(json, rows, prompt);
  const get = (key: string) => metadata?.get(`tokenizer.ggml.${key}`)?.value;
  return { metadata, notes, tokenizer, get };
}

/** The fixture with other parts. */
// biome-ignore lint/suspicious/noExplicitAny: the tests change whatever part of the file they like
function changed(name: TokenizerName, change: (definition: any) => void): string {
  const definition = JSON.parse(tokenizerJson(name));
  change(definition);
  return JSON.stringify(definition);
}

describe("decoderVocabulary", () => {
  const names: [TokenizerName, string, string][] = [
    ["bytelevel", "gpt2", "gpt-2"],
    ["llama3", "gpt2", "llama-bpe"],
    ["qwen2", "gpt2", "qwen2"],
    ["nanochat", "gpt2", "default"],
    ["sentencepiece", "llama", "default"],
    ["roberta", "gpt2", "default"],
  ];
  for (const [name, model, pre] of names) {
    it(`${name}: is of the kind ${model}, and splits like ${pre}`, () => {
      const { get, notes, tokenizer } = vocabularyOf(tokenizerJson(name));
      expect([get("model"), get("pre")]).toEqual([model, pre]);
      const tokens = get("tokens") as string[];
      expect(tokens).toHaveLength(tokenizer.vocabularySize);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(get("token_type")).toHaveLength(tokens.length);
      expect(notes.some((note) => note.includes("its own default"))).toBe(
        pre === "default" && model === "gpt2",
      );
    });
  }

  it("spells out in the template to rank with what the tokenizer adds around a text", () => {
    const template = (name: TokenizerName, prompt = short) =>
      vocabularyOf(tokenizerJson(name), 0, prompt).metadata?.get("tokenizer.chat_template.rerank")
        ?.value;
    expect(template("bytelevel")).toBe("<s>Judge. {query} {document}");
    expect(template("roberta")).toBe("<s>Judge. {query} {document}</s>");
    expect(template("qwen2")).toBe("Judge. {query} {document}");
    const misleading = { ...short, system: "Replace {document}." };
    expect(template("qwen2", misleading)).toBeUndefined();
    expect(vocabularyOf(tokenizerJson("qwen2"), 0, misleading).notes.join()).toContain("rank");
  });

  it("names Llama 3's splitting otherwise when words are not looked up whole", () => {
    const json = changed("llama3", ({ model }) => {
      model.ignore_merges = false;
    });
    expect(vocabularyOf(json).get("pre")).toBe("dbrx");
  });

  it("does not take a leading space for GPT-2", () => {
    const json = changed("bytelevel", ({ pre_tokenizer }) => {
      pre_tokenizer.add_prefix_space = true;
    });
    expect(vocabularyOf(json).get("pre")).toBe("default");
  });

  it("tells special tokens from added and from plain ones", () => {
    const { get } = vocabularyOf(tokenizerJson("qwen2"));
    const tokens = get("tokens") as string[];
    const types = get("token_type") as number[];
    const typeOf = (text: string) => types[tokens.indexOf(text)];
    expect([typeOf("<|im_end|>"), typeOf("<think>"), typeOf("a")]).toEqual([3, 4, 1]);
  });

  it("knows the unknown token and the bytes of a SentencePiece vocabulary", () => {
    const { get } = vocabularyOf(tokenizerJson("sentencepiece"));
    const tokens = get("tokens") as string[];
    const types = get("token_type") as number[];
    expect(types[tokens.indexOf("<unk>")]).toBe(2);
    expect(types[tokens.indexOf("<0x41>")]).toBe(6);
    expect(get("unknown_token_id")).toBe(tokens.indexOf("<unk>"));
    expect(get("add_space_prefix")).toBe(true);
  });

  it("gives merges as pairs, and as scores where llama.cpp merges by score", () => {
    const json = tokenizerJson("bytelevel");
    const [first] = JSON.parse(json).model.merges;
    const merges = vocabularyOf(json).get("merges") as string[];
    expect(merges[0]).toBe(Array.isArray(first) ? first.join(" ") : first);

    const spm = tokenizerJson("sentencepiece");
    const { get } = vocabularyOf(spm);
    const tokens = get("tokens") as string[];
    const scores = get("scores") as number[];
    const pairs = JSON.parse(spm).model.merges as (string | string[])[];
    const results = pairs.map((pair) =>
      Array.isArray(pair) ? pair.join("") : pair.replace(" ", ""),
    );
    const ranked = results.map((text) => scores[tokens.indexOf(text)]!);
    expect(ranked).toEqual([...ranked].sort((a, b) => b - a));
    expect(ranked[0]).toBe(0);
  });

  it("finds what is put around a text", () => {
    const before = vocabularyOf(tokenizerJson("bytelevel"));
    expect([before.get("add_bos_token"), before.get("add_eos_token")]).toEqual([true, false]);
    expect(before.get("bos_token_id")).toBe(1);
    const around = vocabularyOf(tokenizerJson("roberta"));
    expect([around.get("add_bos_token"), around.get("add_eos_token")]).toEqual([true, true]);
    expect([around.get("bos_token_id"), around.get("eos_token_id")]).toEqual([1, 2]);
    const nothing = vocabularyOf(tokenizerJson("nanochat"));
    expect([nothing.get("add_bos_token"), nothing.get("add_eos_token")]).toEqual([false, false]);
  });

  it("fills up rows without a token, each with a text of its own", () => {
    const json = changed("bytelevel", ({ model }) => {
      model.vocab["[PAD513]"] = 512;
    });
    const { get, notes } = vocabularyOf(json, 2);
    const tokens = get("tokens") as string[];
    expect(tokens.slice(512)).toEqual(["[PAD513]", "[PAD513]_", "[PAD514]"]);
    expect((get("token_type") as number[]).slice(512)).toEqual([1, 5, 5]);
    expect(notes.join()).toContain("2 rows of the embedding have no token");
  });

  it("notes a normalizer, which llama.cpp has not", () => {
    expect(vocabularyOf(tokenizerJson("qwen2")).notes.join()).toContain('"NFC"');
  });

  it("has nothing for tokenizers llama.cpp does not know, or would crash on", () => {
    for (const name of ["whitespace", "metaspace", "wordpiece"] as const) {
      const { metadata, notes } = vocabularyOf(tokenizerJson(name));
      expect(metadata).toBe(undefined);
      expect(notes.join()).toContain("no tokenizer of this kind");
    }
  });
});
