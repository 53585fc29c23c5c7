// The fixed sample of texts on which our tokenizer is held against Hugging Face's: natural, random and adversarial.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** mulberry32: the same sequence on every machine. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Pieces on which pre-tokenizers, normalizers and added tokens disagree most easily.
const awkward = [
  " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\r", "\v", "\f", "\x85", "\xa0", "\u1680", "\u2003", "\u2028",
  "\u2029", "\u202f", "\u3000", "\u180e", "\u200b", "\u200d", "\ufeff", "\0", "\x01", "\x1f", "\x7f", "\ufffd",
  "'s", "'S", "'ll", "'LL", "'Re", "'ve", "'\u017f", "'\u017fq", "'Sx", "\u2019s", "'", "''", "'t's", "d'", "\u0130", "I", "\u03a3", "\u03c2",
  "\u00df", "\u1e9e", "\u017f", "\u212a", "\ufb01", "\ufb05", "\u0149", "\u01c5", "\u2160", "\u216b", "\u00bd",
  "\u00b2", "\u0660", "\u0967", "\u4e09", "\u3007", "\u2460", "0", "1", "00", "12", "123", "1234", "3.14", "1,000",
  "_", "__", "-", "--", "...", "!?", "#", "@", "\u20ac", "\u2581", "\u2581\u2581", "<0x41>", "<0x0A>", "</w>", "##",
  "e\u0301", "\u00e9", "a\u0327\u0301", "a\u0301\u0327", "\u1100\u1161\u11a8", "\uac01", "\u0915\u093c", "\u0958",
  "\ufdfa", "\u3316", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "\u{1f1e9}\u{1f1ea}", "\u{1f44d}\u{1f3fd}",
  "$&", "$1", "\u{1d400}", "a\u088fb", "\ua7ce", "1\u{11de0}", "e\u1acf\u0301", "\u{105c9}", "\u{10400}", "\u{1e900}", "\u0295", "\u{1f12f}", "\u30ab\u3099", "\uff76\uff9e", "\uff21", "\u0345",
  "\ud800", "\udc00", "x\ud83d", "<s>", "</s>", "<s", "<pad>", "<unk>", "<mask>", " <mask>", "<|endoftext|>",
  "<|im_start|>user\n", "<|im_end|>", "<think>", "<|begin_of_text|>", "<|eot_id|>", "<|bos|>", "[INST]", "[inst]",
  "[MASK]", " [MASK] ", "[mask]", "[UNK]", "[CLS]", "River", "river", "RIVER", "Rivers", "Black Sea", "black sea",
  "Zug", "Zug  ", "Zugs", "zug", "\u00c9Zug", "1Zug", "_Zug", "\u0301Zug", " qwerty", "qwerty", " Danube", "Danube",
]; // biome-ignore format: a list, not a column

const blocks: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x7f], [0x80, 0x24f], [0x250, 0x36f], [0x370, 0x5ff], [0x600, 0x8ff], [0x900, 0x109f], [0x10a0, 0x1fff],
  [0x2000, 0x2bff], [0x2c00, 0x33ff], [0x3400, 0x9fff], [0xa000, 0xd7ff], [0xe000, 0xffff], [0x10000, 0x1ffff],
  [0x1d400, 0x1d7ff], [0x1f000, 0x1faff], [0x20000, 0x3ffff], [0xe0000, 0x10ffff],
]; // biome-ignore format: a list, not a column

const proseFile = join(import.meta.dirname, "..", "fixtures", "prose.txt");

/** `count` texts; the same ones for the same count. */
export function sampleTexts(count: number): string[] {
  const random = randomNumbers(count);
  const prose = readFileSync(proseFile, "utf8");
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]) => list[below(list.length)]!;
  const cut = () => {
    const start = below(prose.length);
    return prose.slice(start, start + below(60));
  };
  const character = () => {
    const [first, last] = pick(blocks);
    return String.fromCodePoint(first + below(last - first + 1));
  };
  const makers = [
    cut,
    () => pick(awkward),
    () => pick(awkward),
    character,
    () => cut().toUpperCase(),
  ];
  const run = () => pick(awkward).repeat(1 + below(40));
  return ["", ...awkward, prose, ...adversarialTexts(300)].concat(
    Array.from({ length: count }, () => {
      if (random() < 0.02) return run();
      const repertoire = [pick(makers), pick(makers), pick(makers)];
      return Array.from({ length: 1 + below(14) }, () => pick(repertoire)()).join("");
    }),
  );
}

/** Long runs: what makes merging, matching or backtracking expensive. */
export function adversarialTexts(length: number): string[] {
  const half = length >> 1;
  return [
    "_".repeat(length),
    "a".repeat(length),
    "ab".repeat(half),
    " ".repeat(length),
    "\n".repeat(length),
    `${" ".repeat(length)}x`,
    " \n".repeat(half),
    "0".repeat(length),
    "'".repeat(length),
    "\u0301".repeat(length),
    "\u{1f600}".repeat(length),
    "\u4e2d".repeat(length),
    "e\u0301".repeat(half),
    "<s>".repeat(half),
    "<".repeat(length),
    "\u2581".repeat(length),
    "the the ".repeat(half),
  ];
}

/** Words on both sides of BERT's 100 characters, after normalization or before it. */
export function longWords(count: number, seed = 1): string[] {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const units = ["a", "the", "1", "\u00e9", "e\u0301", "\u0301", "\u03a3", "\u0130", "\uac01", "\u{10400}", "\0", "\u00ad", "\ufb03", "\u4e2d", "_", "."]; // biome-ignore format: a list
  return Array.from({ length: count }, () => {
    const parts = Array.from({ length: 1 + below(3) }, () => units[below(units.length)]!);
    const length = 90 + below(20);
    let word = "";
    while ([...word].length < length) word += parts[below(parts.length)]!;
    return `${below(2) === 0 ? "x " : ""}${word}${below(2) === 0 ? " y" : ""}`;
  });
}
