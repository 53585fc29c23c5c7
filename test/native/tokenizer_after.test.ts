// A head that many texts share: the ids are those of each text as a whole, and the head is not encoded again for each.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BackgroundTokenizer, openTokenizer } from "../../native/tokenizer/background.ts";
import { tokenizerJson, tokenizerNames } from "../fixtures.ts";
import type { Json } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const samples = sampleTexts(400).filter((text) => text.length < 200);

/** What a border may cut through: words, runs of spaces, numbers, added tokens, pairs of characters. */
const pieces = fc.oneof(
  fc.constantFrom(...samples),
  fc.constantFrom(" ", " ", "  ", " a", "a ", "a", "river", "'", "l", "12", "\n", "\t", "\u3000", "e", "\u0301", "\u0338", "\u1100", "\u1161", "\u11a8", "\ud83d", "\ude00", "<", "s>", "<s", "<r>", "a<r>  ", "Zug", "Zug ", "'Zug  ", "Bla", "Black", " Sea", "Black Sea", "<mas", "k>", "[MA", "SK]", "[INST", "]", "\u2581", "\u4e2d", "\u00a8", "\u0130", "\0", "\ufffd", "<|im_", "start|>"), // biome-ignore format: a list
);
const texts = fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join(""));

async function compare(tokenizer: BackgroundTokenizer, head: string, tails: readonly string[]) {
  const [after, whole] = await Promise.all([
    tokenizer.encodeAfter(head, tails),
    tokenizer.encode(tails.map((tail) => head + tail)),
  ]);
  expect(after, JSON.stringify([head, tails])).toEqual(whole);
}

async function holds(json: string, numRuns: number): Promise<void> {
  const tokenizer = openTokenizer(json);
  await fc.assert(
    fc.asyncProperty(texts, fc.array(texts, { minLength: 1, maxLength: 4 }), (head, tails) =>
      compare(tokenizer, head, tails),
    ),
    { seed: 11, numRuns },
  );
  tokenizer.dispose();
}

/** A fixture with other parts. */
const withParts = (name: (typeof tokenizerNames)[number], parts: Json) =>
  JSON.stringify({ ...JSON.parse(tokenizerJson(name)), ...parts });

const split = (pattern: Json, behavior: string, invert = false) => ({ type: "Split", pattern, behavior, invert }); // biome-ignore format: a line
const spaces = { Regex: "\\s+" };
const bytes = { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true };
const sequence = (...pretokenizers: Json[]) => ({ type: "Sequence", pretokenizers });
const normalizing = (...normalizers: Json[]) => ({
  normalizer: { type: "Sequence", normalizers },
});
const replace = (text: string, content: string) => ({
  type: "Replace",
  pattern: { String: text },
  content,
});
const added = (content: string, flags: Json) => {
  const { added_tokens } = JSON.parse(tokenizerJson("whitespace"));
  const id = 1 + Math.max(...added_tokens.map(({ id }: { id: number }) => id));
  return { added_tokens: [...added_tokens, { id, content, ...flags }] };
};

/** Merges that reach across spaces: only what cuts a text keeps them apart. */
function crossing(parts: Json): string {
  const characters = [..." alre12\n'_x"];
  const merges = [
    ["a", " "],
    [" ", " "],
    ["a ", "a"],
    [" ", "a"],
    ["  ", "a"],
    ["l", "  "],
    ["a", "a"],
  ];
  const tokens = [...characters, ...merges.map((pair) => pair.join(""))];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const added_tokens = [{ id: tokens.length, content: "<r>", rstrip: true }];
  return JSON.stringify({ added_tokens, ...parts, model: { type: "BPE", vocab, merges } });
}

const others: readonly (readonly [name: string, json: string])[] = [
  ["pieces joined across spaces", withParts("bytelevel", { pre_tokenizer: sequence(split(spaces, "MergedWithPrevious"), bytes) })],
  ["pieces that run on", withParts("bytelevel", { pre_tokenizer: sequence(split({ Regex: "\\p{N}" }, "Contiguous"), split(spaces, "MergedWithNext", true), bytes) })],
  ["numbers joined to what follows", withParts("bytelevel", { pre_tokenizer: sequence(split({ Regex: "\\p{N}" }, "MergedWithNext"), bytes) })],
  ["numbers taken out", withParts("bytelevel", { pre_tokenizer: sequence(split({ Regex: "[0-9]" }, "Removed"), bytes) })],
  ["a text taken out", withParts("bytelevel", { pre_tokenizer: sequence(split({ String: " a" }, "Removed"), bytes) })],
  ["spaces replaced", withParts("bytelevel", normalizing(replace(" ", "_")))],
  ["words replaced", withParts("bytelevel", normalizing(replace("a", " "), replace("e", ""), { type: "Prepend", prepend: "x" }))],
  ["a text put before", withParts("bytelevel", normalizing(replace("river", ""), { type: "Prepend", prepend: "12 " }, { type: "NFC" }))],
  ["merges across spaces and nothing that cuts", crossing({})],
  ["merges across spaces that stay together", crossing({ pre_tokenizer: split(spaces, "MergedWithPrevious") })],
  ["merges across spaces of one piece", crossing({ pre_tokenizer: split({ Regex: "[0-9]" }, "Isolated") })],
  ["merges across spaces, cut before them", crossing({ pre_tokenizer: split(spaces, "MergedWithNext") })],
  ["merges across spaces, cut at each", crossing({ pre_tokenizer: split({ String: " " }, "Isolated") })],
  ["merges across spaces, two at a time", crossing({ pre_tokenizer: split({ String: "  " }, "Isolated") })],
  ["letters that become spaces", crossing({ ...normalizing(replace("l", " ")), pre_tokenizer: split(spaces, "Isolated") })],
  ["spaces that go", crossing({ ...normalizing(replace(" ", "")), pre_tokenizer: split(spaces, "Isolated") })],
  ["texts with spaces that go", crossing({ ...normalizing(replace("a a", "1"), replace("a ", "l")), pre_tokenizer: split(spaces, "Isolated") })],
  ["marks and their splitting", withParts("metaspace", { pre_tokenizer: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "first", split: true } })],
  ["marks before everything", withParts("metaspace", { pre_tokenizer: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "always", split: true } })],
  ["a token with a space at its start", withParts("whitespace", added(" a", { normalized: true }))],
  ["a token that ends in a space", withParts("whitespace", added("a ", { rstrip: true }))],
  ["a token that takes spaces", withParts("whitespace", added("12a", { lstrip: true, rstrip: true, normalized: true }))],
  ["a token with spaces", withParts("whitespace", added("a  river", { single_word: true }))],
  ["compatible characters", withParts("whitespace", { pre_tokenizer: { type: "WhitespaceSplit" } })],
  ["letters with accents", withParts("wordpiece", { normalizer: { type: "BertNormalizer", clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false } })],
]; // biome-ignore format: a table

describe("encodeAfter", () => {
  it.each(tokenizerNames)("%s: the ids of the whole", (name) => holds(tokenizerJson(name), 400));

  it.each(others)("%s", (_name, json) => holds(json, 300));

  it("of an empty head, and no tails", async () => {
    const tokenizer = openTokenizer(tokenizerJson("qwen2"));
    expect(await tokenizer.encodeAfter("", ["a", ""])).toEqual(await tokenizer.encode(["a", ""]));
    expect(await tokenizer.encodeAfter("a", [])).toEqual([]);
    tokenizer.dispose();
  });

  it.each(["bytelevel", "llama3", "wordpiece"] as const)(
    "%s: does not encode a long head again",
    async (name) => {
      const tokenizer = openTokenizer(tokenizerJson(name));
      const head = samples.join(" ").slice(0, 20_000);
      const tails = Array.from({ length: 100 }, (_, n) => ` and passage ${n}`);
      const timed = async (work: () => Promise<unknown>) => {
        const times: number[] = [];
        while (times.length < 5) {
          const begun = performance.now();
          await work();
          times.push(performance.now() - begun);
        }
        return Math.min(...times);
      };
      const whole = await timed(() => tokenizer.encode(tails.map((tail) => head + tail)));
      const after = await timed(() => tokenizer.encodeAfter(head, tails));
      expect(after).toBeLessThan(whole / 4);
      tokenizer.dispose();
    },
  );
});
