// Holds both of our tokenizers, C++ and TypeScript, against Hugging Face's Rust one on very many texts, and times all three.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { randomTokenizer } from "../bench/published.ts";
import { describeModel } from "../gguf/architecture.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import { knownPatterns } from "../native/tokenizer/patterns.ts";
import { loadTokenizer, type Tokenizer } from "../native/tokenizer/tokenizer.ts";
import { readModelFile } from "../src/model/files.ts";
import { tokenizerJson, tokenizerNames } from "../test/fixtures.ts";
import { type Json, oracle } from "../test/native/tokenizer_oracle.ts";
import { adversarialTexts, sampleTexts } from "../test/native/tokenizer_samples.ts";

const help = `Usage: npm run tokenizer:check -- [options]

  --texts N        texts in all, shared among the tokenizers (default 100000)
  --natural DIR    a folder of *.jsonl.gz files whose lines have a "text": half of the texts are pieces of those
  --typescript N   every Nth text goes through the one in TypeScript too (default 10; it is slow)
  --speed          instead, tokens per second of each of the three on whole natural texts, on one thread

Random, adversarial and natural texts, through the tokenizer.json of every family in test/fixtures, one for each
pre-tokenizer pattern that is known, one of 32,000 tokens, and that of the model the package comes with. Prints how many
were encoded differently; exit code 1 if any was.`;

/** UTF-16 units of a piece of a natural text. */
const pieceLength = 150;

/** Texts in one call. */
const portion = 2000;

const { values: options } = parseArgs({
  options: {
    texts: { type: "string", default: "100000" },
    natural: { type: "string" },
    typescript: { type: "string", default: "10" },
    speed: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

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
  readonly json: string;
  readonly native: BackgroundTokenizer;
  readonly typescript: Tokenizer;
  readonly rust: ReturnType<typeof oracle>;
}

function contestant(name: string, json: string): Contestant {
  return {
    name,
    json,
    native: openTokenizer(json),
    typescript: loadTokenizer(json),
    rust: oracle(json),
  };
}

async function compare(
  { name, native, typescript, rust }: Contestant,
  texts: readonly string[],
  every: number,
): Promise<number> {
  const ours = await native.encode(texts);
  const theirs = await rust.encodeBatch(texts.map((text) => text.replace(/\p{Cs}/gu, "\ufffd")));
  let wrong = 0;
  for (const [index, text] of texts.entries()) {
    const expected = Int32Array.from(theirs[index]!.getIds());
    const same = (ids: Int32Array) => Buffer.compare(bytesOf(ids), bytesOf(expected)) === 0;
    if (same(ours[index]!) && (index % every !== 0 || same(typescript.encode(text)))) continue;
    if (wrong++ < 3) console.log(`${name}: ${JSON.stringify(text).slice(0, 200)}`);
  }
  return wrong;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Tokens per second of the three on the same texts. */
async function speeds({ native, typescript, rust }: Contestant, texts: readonly string[]) {
  const ways: Record<string, () => Promise<number>> = {
    native: async () => (await native.encode(texts)).reduce((sum, ids) => sum + ids.length, 0),
    typescript: async () => texts.reduce((sum, text) => sum + typescript.encode(text).length, 0),
    rust: async () => {
      let tokens = 0;
      for (const text of texts) tokens += (await rust.encode(text)).getLength();
      return tokens;
    },
  };
  const rates: Record<string, number[]> = { native: [], typescript: [], rust: [] };
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

async function main(): Promise<number> {
  const natural = options.natural ? readNatural(options.natural) : [];
  const contestants = [
    ...tokenizerNames.map((name) => contestant(name, tokenizerJson(name))),
    ...knownPatterns.map((pattern) => contestant(`pattern ${pattern}`, withPattern(pattern))),
    contestant("32,000 tokens", JSON.stringify(randomTokenizer())),
    contestant("the package's own", await ownTokenizer()),
  ];
  if (options.speed) {
    const texts = natural.length > 0 ? natural.slice(0, 500) : sampleTexts(500);
    for (const one of contestants.filter(({ name }) => !name.startsWith("pattern"))) {
      console.log(`${one.name}: ${await speeds(one, texts)}`);
    }
    return 0;
  }
  const each = Math.ceil(Number(options.texts) / contestants.length);
  let compared = 0;
  let wrong = 0;
  for (const [index, one] of contestants.entries()) {
    wrong += await compare(one, adversarialTexts(4000), 1);
    for (let done = 0; done < each; done += portion) {
      // sampleTexts gives other texts for another count: each portion of each tokenizer has its own.
      const seed = portion + index * Math.ceil(each / portion) + done / portion;
      const texts = sampleTexts(seed).slice(-Math.min(portion, each - done));
      for (let place = 1; natural.length > 0 && place < texts.length; place += 2) {
        texts[place] = pieceOf(natural, compared + place);
      }
      wrong += await compare(one, texts, Number(options.typescript));
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

if (options.help) console.log(help);
else process.exitCode = await main();
