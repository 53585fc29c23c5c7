// Holds our tokenizer against Hugging Face's Rust one on very many texts, and times both.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { randomTokenizer } from "../bench/published.ts";
import { describeModel } from "../gguf/architecture.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import { knownPatterns } from "../native/tokenizer/patterns.ts";
import { readTokenizer } from "../native/tokenizer/tokenizer.ts";
import { readModelFile } from "../src/model/files.ts";
import { tokenizerJson, tokenizerNames } from "../test/fixtures.ts";
import { type Json, oracle, wellFormed } from "../test/native/tokenizer_oracle.ts";
import { adversarialTexts, longWords, sampleTexts } from "../test/native/tokenizer_samples.ts";
import { argumentsOf, countOption } from "./command_line.ts";

const usage = `Usage: npm run tokenizer:check -- [options] [FILE...]

  --texts N        texts in all, shared among the tokenizers (default 100000)
  --natural DIR    a folder of *.jsonl.gz files whose lines have a "text": half of the texts are pieces of those
  --only TEXT      only the tokenizers whose name contains it
  --speed          instead, tokens per second of both on whole natural texts, on one thread

Random, adversarial and natural texts, through the tokenizer.json of every family in test/fixtures, one for each
pre-tokenizer pattern and normalizer that is known, one of 32,000 tokens, that of the model the package comes with, and
each FILE. Every tenth text is also encoded behind a head and, where the file frames pairs, as one of a pair. Prints how
many were encoded differently; exit code 1 if any was.`;

/** UTF-16 units of a piece of a natural text. */
const pieceLength = 150;

/** Texts in one call. */
const portion = 2000;

/** Of so many texts one is encoded behind a head and in a pair too. */
const every = 10;

const { values: options, positionals: files } = argumentsOf(usage, {
  texts: { type: "string", default: "100000" },
  natural: { type: "string" },
  only: { type: "string", default: "" },
  speed: { type: "boolean", default: false },
});
const wanted = countOption("--texts", options.texts);

/** A file of the model fixtures with another pattern in front. */
function withPattern(Regex: string): string {
  const split = { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false };
  const bytes = {
    type: "ByteLevel",
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: false,
  };
  const file: Json = JSON.parse(tokenizerJson("bytelevel"));
  const pre_tokenizer = { type: "Sequence", pretokenizers: [split, bytes] };
  return JSON.stringify({ ...file, pre_tokenizer });
}

/** The file with unknown characters and another normalizer. */
function withNormalizer(normalizer: Json): string {
  const file: Json = JSON.parse(tokenizerJson("whitespace"));
  return JSON.stringify({ ...file, normalizer });
}

/** BERT's with other flags than the usual ones. */
function bertWith(flags: Json): string {
  const file: Json = JSON.parse(tokenizerJson("wordpiece"));
  return JSON.stringify({ ...file, normalizer: { ...(file.normalizer as Json), ...flags } });
}

async function ownTokenizer(): Promise<string> {
  const { file } = await readModelFile(undefined);
  return describeModel(file).tokenizerJson;
}

function readNatural(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl.gz"))
    .flatMap((name) =>
      gunzipSync(readFileSync(join(folder, name)))
        .toString()
        .trim()
        .split("\n"),
    )
    .map((line) => (JSON.parse(line) as { text: string }).text);
}

interface Contestant {
  readonly name: string;
  readonly native: BackgroundTokenizer;
  readonly rust: ReturnType<typeof oracle>;
  readonly framesPairs: boolean;
}

function contestant(name: string, json: string): Contestant {
  const framesPairs = readTokenizer(json).frame.pair !== undefined;
  return { name, native: openTokenizer(json), rust: oracle(json), framesPairs };
}

async function compare({ name, native, rust, framesPairs }: Contestant, texts: readonly string[]) {
  const ours = await native.encode(texts);
  const theirs = await rust.encodeBatch(texts.map(wellFormed));
  let wrong = 0;
  const expectSame = (way: string, index: number, ids: Int32Array, expected: Int32Array) => {
    if (Buffer.compare(bytesOf(ids), bytesOf(expected)) === 0) return;
    if (wrong++ < 3) console.log(`${name}, ${way}: ${JSON.stringify(texts[index]).slice(0, 200)}`);
  };
  for (const [index, text] of texts.entries()) {
    expectSame("alone", index, ours[index]!, Int32Array.from(theirs[index]!.getIds()));
    if (index % every !== 0) continue;
    const at = (7919 * index) % (text.length + 1);
    const [after] = await native.encodeAfter(text.slice(0, at), [text.slice(at)]);
    expectSame("behind a head", index, after!, ours[index]!);
    if (!framesPairs) continue;
    const first = texts[(index + 1) % texts.length]!;
    const pair = await rust.encode(wellFormed(first), wellFormed(text));
    const [framed] = await native.encodePairs(first, [text]);
    const types = framed!.tokens.map((_, place) => Number(place >= framed!.second));
    expectSame("in a pair", index, framed!.tokens, Int32Array.from(pair.getIds()));
    expectSame("in a pair, types", index, types, Int32Array.from(pair.getTypeIds()));
  }
  return wrong;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Tokens per second of both on the same texts. */
async function speeds({ native, rust }: Contestant, texts: readonly string[]) {
  const ways: Record<string, () => Promise<number>> = {
    ours: async () => (await native.encode(texts)).reduce((sum, ids) => sum + ids.length, 0),
    rust: async () => {
      let tokens = 0;
      for (const text of texts) tokens += (await rust.encode(text)).getLength();
      return tokens;
    },
  };
  const rates: Record<string, number[]> = { ours: [], rust: [] };
  for (let round = 0; round < 3; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const begun = performance.now();
      const tokens = await way();
      rates[name]!.push((tokens / (performance.now() - begun)) * 1000);
    }
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!;
  const cells = Object.entries(rates).map(
    ([name, list]) => `${name} ${(median(list) / 1e6).toFixed(2)}`,
  );
  return `million tokens/s: ${cells.join(", ")}`;
}

function contestants(own: string): Contestant[] {
  const forms = ["NFC", "NFD", "NFKC", "NFKD"].map((type) => ({ type }));
  const named: [string, string][] = [
    ...tokenizerNames.map((name): [string, string] => [name, tokenizerJson(name)]),
    ...knownPatterns.map((one): [string, string] => [`pattern ${one}`, withPattern(one)]),
    ...forms.map((form): [string, string] => [`normalizer ${form.type}`, withNormalizer(form)]),
    ["wordpiece, cased", bertWith({ lowercase: false })],
    ["wordpiece, accents kept", bertWith({ strip_accents: false, handle_chinese_chars: false })],
    [
      "wordpiece, not cleaned",
      bertWith({ clean_text: false, strip_accents: true, lowercase: false }),
    ],
    ["32,000 tokens", JSON.stringify(randomTokenizer())],
    ["the package's own", own],
    ...files.map((path): [string, string] => [basename(path), readFileSync(path, "utf8")]),
  ];
  return named
    .filter(([name]) => name.includes(options.only))
    .map(([name, json]) => contestant(name, json));
}

async function main(): Promise<number> {
  const natural = options.natural ? readNatural(options.natural) : [];
  const all = contestants(await ownTokenizer());
  if (options.speed) {
    const texts = natural.length > 0 ? natural.slice(0, 500) : sampleTexts(500);
    for (const one of all.filter(({ name }) => !name.startsWith("pattern"))) {
      console.log(`${one.name}: ${await speeds(one, texts)}`);
    }
    return 0;
  }
  const each = Math.ceil(wanted / all.length);
  let compared = 0;
  let wrong = 0;
  for (const [index, one] of all.entries()) {
    wrong += await compare(one, [...adversarialTexts(4000), ...longWords(200)]);
    for (let done = 0; done < each; done += portion) {
      // sampleTexts gives other texts for another count: each portion of each tokenizer has its own.
      const seed = portion + index * Math.ceil(each / portion) + done / portion;
      const texts = sampleTexts(seed).slice(-Math.min(portion, each - done));
      for (const [place, word] of longWords(texts.length / 25, seed).entries()) {
        texts[25 * place] = word;
      }
      for (let place = 1; natural.length > 0 && place < texts.length; place += 2) {
        texts[place] = pieceOf(natural, compared + place);
      }
      wrong += await compare(one, texts);
      compared += texts.length;
    }
    process.stderr.write(`${one.name.slice(0, 60)}: ${compared} texts so far, ${wrong} wrong\n`);
  }
  console.log(`${compared} texts, ${wrong} encoded differently`);
  return wrong === 0 ? 0 : 1;
}

/** A piece of one of the texts, another one for every number. */
function pieceOf(texts: readonly string[], number: number): string {
  const text = texts[number % texts.length]!;
  const start = (Math.floor(number / texts.length) * pieceLength) % text.length;
  return text.slice(start, start + pieceLength);
}

process.exitCode = await main();
