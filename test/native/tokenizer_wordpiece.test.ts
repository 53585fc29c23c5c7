// WordPiece: random vocabularies, long words, old files, and folders that have only vocab.txt.
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { tokenizerFromVocabulary } from "../../native/tokenizer/from_vocabulary.ts";
import { tokenizerJson } from "../fixtures.ts";
import { differences, encoded, type Json, pairDifferences } from "./tokenizer_oracle.ts";
import { adversarialTexts, randomNumbers, sampleTexts } from "./tokenizer_samples.ts";

const characters = ["a", "b", "\u00e9", "\u4e2d", "\u{1f600}"];

/** Some of the short words over a few characters, at the start of a word or further on. */
function randomModel(random: () => number): Json {
  const below = (limit: number) => Math.floor(random() * limit);
  const prefix = ["##", "##", "", "\u4e2d", "a"][below(5)]!;
  const word = () =>
    Array.from({ length: 1 + below(4) }, () => characters[below(characters.length)]!).join("");
  const tokens = Array.from({ length: 4 + below(30) }, () =>
    random() < 0.6 ? prefix + word() : word(),
  );
  return {
    type: "WordPiece",
    vocab: Object.fromEntries([...new Set(["[UNK]", ...tokens])].map((token, id) => [token, id])),
    unk_token: "[UNK]",
    continuing_subword_prefix: prefix,
    max_input_chars_per_word: [100, 8, 3, 0][below(4)]!,
  };
}

const file = JSON.parse(tokenizerJson("wordpiece"));

describe("WordPiece", () => {
  it("encodes with 300 random models as Hugging Face does", async () => {
    const random = randomNumbers(6);
    const alphabet = [...characters, ...characters, "z", " "];
    const character = () => alphabet[Math.floor(random() * alphabet.length)]!;
    for (let run = 0; run < 300; run++) {
      const model = randomModel(random);
      const texts = Array.from({ length: 25 }, () =>
        Array.from({ length: Math.floor(random() * 16) }, character).join(""),
      );
      const json = JSON.stringify({ pre_tokenizer: { type: "WhitespaceSplit" }, model });
      expect(await differences(json, texts), json).toEqual([]);
    }
  });

  it("a word of over 100 characters is unknown, however many bytes they have", async () => {
    const texts = ["a", "\u03c3", "\u{20000}", "aa\u03c3"].flatMap((unit) =>
      [99, 100, 101, 33, 34, 300].map((count) => `x ${unit.repeat(count)} y`),
    );
    expect(await differences(tokenizerJson("wordpiece"), texts)).toEqual([]);
  });

  it("encodes long runs", async () => {
    expect(await differences(tokenizerJson("wordpiece"), adversarialTexts(20_000))).toEqual([]);
  });

  it("is known without a type, as old files have it", async () => {
    const { type: _, ...model } = file.model;
    const json = JSON.stringify({ ...file, model });
    expect(await differences(json, sampleTexts(50))).toEqual([]);
  });

  it("takes empty tokens, holes and a vocabulary without the prefix's tokens", async () => {
    const vocab = { "": 0, "[UNK]": 7, a: 3, "##": 9, "##a": 100 };
    const json = JSON.stringify({
      pre_tokenizer: { type: "WhitespaceSplit" },
      model: { ...file.model, vocab },
    });
    expect(await differences(json, ["a aa ## a## ##a #", ""])).toEqual([]);
  });

  it("takes the later of two members of the same name, as Hugging Face does", async () => {
    const json = JSON.stringify({
      pre_tokenizer: { type: "WhitespaceSplit" },
      model: { ...file.model, vocab: { "[UNK]": 0, b: 1 } },
    }).replace('"b":1', '"a":1,"##a":2,"a":3');
    expect(await differences(json, ["aa a b"])).toEqual([]);
  });

  it("frames pairs as the file says", async () => {
    const texts = sampleTexts(200);
    for (const first of ["the river", "", " [SEP] Zug  ", "\ud83d"]) {
      expect(await pairDifferences(tokenizerJson("wordpiece"), first, texts)).toEqual([]);
    }
  });

  it("survives a large vocabulary of long tokens", async () => {
    const tokens = Array.from({ length: 60_000 }, (_, n) => `${"a".repeat(n % 900)}${n}`);
    const vocab = Object.fromEntries(["[UNK]", ...tokens].map((token, id) => [token, id]));
    const model = { ...file.model, vocab, max_input_chars_per_word: 1024 };
    const json = JSON.stringify({ pre_tokenizer: { type: "WhitespaceSplit" }, model });
    expect(await encoded(json, `${"a".repeat(899)}899 aa2`, "a".repeat(100_000))).toEqual([
      [900, 3],
      [0],
    ]);
  });
});

describe("a folder without tokenizer.json", () => {
  const texts = sampleTexts(300);
  const ordered = Object.entries(file.model.vocab as Record<string, number>)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
  const vocabTxt = `${ordered.join("\n")}\n`;
  const made = (config?: unknown) => JSON.parse(tokenizerFromVocabulary(vocabTxt, config));
  const refused = (config: unknown, text = vocabTxt) => {
    try {
      tokenizerFromVocabulary(text, config);
    } catch (error) {
      if (error instanceof QragError && error.code === "TOKENIZER_UNSUPPORTED")
        return error.message;
      throw error;
    }
    return "";
  };

  it("gets the tokenizer.json that its model would have", async () => {
    const { added_tokens: _, ...expected } = file;
    const { added_tokens, ...actual } = made();
    expect(actual).toEqual(expected);
    expect(added_tokens).toEqual(file.added_tokens.slice(0, 5).sort((a: Json, b: Json) => Number(a.id) - Number(b.id))); // biome-ignore format: a line
    expect(await differences(tokenizerFromVocabulary(vocabTxt, undefined), texts)).toEqual([]);
  });

  it("follows its configuration", async () => {
    const config = {
      tokenizer_class: "DistilBertTokenizerFast",
      do_lower_case: false,
      strip_accents: true,
      tokenize_chinese_chars: false,
      cls_token: { content: "river", single_word: true },
      mask_token: "no token",
      additional_special_tokens: ["town"],
    };
    const { normalizer, added_tokens, post_processor } = made(config);
    expect(normalizer).toMatchObject({
      lowercase: false,
      strip_accents: true,
      handle_chinese_chars: false,
    });
    expect(post_processor.special_tokens.river.ids).toEqual([file.model.vocab.river]);
    const contents = added_tokens.map(({ content }: Json) => content).sort();
    expect(contents).toEqual(["[PAD]", "[SEP]", "[UNK]", "river", "town"]);
    expect(await differences(tokenizerFromVocabulary(vocabTxt, config), texts)).toEqual([]);
  });

  it("takes added tokens with their flags where they are listed", () => {
    const listed = { content: "[MASK]", lstrip: true, normalized: false, special: true };
    const { added_tokens } = made({
      added_tokens_decoder: { [file.model.vocab["[MASK]"]]: listed },
    });
    expect(added_tokens).toEqual([
      { id: file.model.vocab["[MASK]"], single_word: false, rstrip: false, ...listed },
    ]);
  });

  it("reads lines as Python does", () => {
    const { model } = JSON.parse(
      tokenizerFromVocabulary("[UNK]\r\n[CLS]\r[SEP]\n\na\u2028b\na \n[CLS]", {}),
    );
    expect(model.vocab).toEqual({
      "[UNK]": 0,
      "[SEP]": 2,
      "": 3,
      "a\u2028b": 4,
      "a ": 5,
      "[CLS]": 6,
    });
  });

  it.each([
    ["another class", { tokenizer_class: "MPNetTokenizer" }, 'tokenizer_class is "MPNetTokenizer"'],
    ["words that come cut", { do_basic_tokenize: false }, "do_basic_tokenize is false"],
    ["a flag that is none", { do_lower_case: "yes" }, "do_lower_case must be true or false"],
    ["a token that is none", { sep_token: 7 }, "sep_token must be an object"],
    [
      "a token of no line",
      { sep_token: "</s>" },
      'sep_token is "</s>", which vocab.txt does not have',
    ],
    ["a list", [], "the file must be an object"],
    [
      "a list of added tokens",
      { added_tokens_decoder: [] },
      "added_tokens_decoder must be an object",
    ],
  ] as const)("is refused with %s", (_name, config, message) => {
    expect(refused(config)).toContain(`tokenizer_config.json: ${message}`);
  });

  it("is refused without the tokens around a text", () => {
    expect(refused({}, "a\nb\n")).toContain("unk_token");
    expect(refused({}, "")).toContain("unk_token");
  });
});
