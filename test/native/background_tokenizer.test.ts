// The tokenizer on its thread: tables of Unicode, its queue, its end, and arguments it was not made for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import type { NativeTokenizer, TokenizerDescription } from "../../native/contract.ts";
import { addon } from "../../native/loader.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { flatten } from "../../native/tokenizer/flatten.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { combining, compatible } from "../../native/tokenizer/unicode.ts";
import { tokenizerJson, type tokenizerNames } from "../fixtures.ts";
import { differences, encoded } from "./tokenizer_oracle.ts";
import { sampleTexts } from "./tokenizer_samples.ts";

const describeFixture = (name: (typeof tokenizerNames)[number]) =>
  flatten(readTokenizer(tokenizerJson(name)));
const openNative = (name: (typeof tokenizerNames)[number] = "bytelevel"): NativeTokenizer =>
  new (addon().Tokenizer)(describeFixture(name));
const texts = sampleTexts(300);

describe("the native one", () => {
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, byte) => [
      `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
      byte,
    ]),
  );
  const everyByte = { type: "BPE", vocab, merges: [], byte_fallback: true };

  it("puts every character that changes, and many others, into all normal forms", async () => {
    const codes = [...compatible.runs, ...combining].flatMap(([first, end]) =>
      Array.from({ length: end - first }, (_, index) => first + index),
    );
    for (let code = 0; code < 0x110000; code += 61) codes.push(code);
    for (let code = 0x1100; code < 0x1200; code++) codes.push(code);
    const texts = codes.map((code) => {
      const character = String.fromCodePoint(code);
      return `${character}e${character}\u0301${character}\u0316\u1161\u11a8`;
    });
    for (const type of ["NFC", "NFD", "NFKC", "NFKD"]) {
      const json = JSON.stringify({ normalizer: { type }, model: everyByte });
      expect(await differences(json, texts), type).toEqual([]);
    }
  });

  it("sees every character as BERT's normalizer and pre-tokenizer do", async () => {
    const texts = Array.from({ length: 0x110000 / 64 }, (_, row) => {
      const codes = Array.from({ length: 64 }, (_, column) => 64 * row + column);
      return codes.map((code) => `a${String.fromCodePoint(code)}`).join("");
    });
    const normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: false }; // biome-ignore format: a list
    const json = (parts: object) => JSON.stringify({ ...parts, model: everyByte });
    expect(await differences(json({ normalizer }), texts)).toEqual([]);
    const marked = { ...everyByte, end_of_word_suffix: "<0x7C>" };
    const pre_tokenizer = { type: "BertPreTokenizer" };
    expect(await differences(json({ pre_tokenizer, model: marked }), texts)).toEqual([]);
  });

  it("makes small letters of all that have any, and of \u0130 two characters", async () => {
    const codes = Array.from({ length: 0x20000 }, (_, code) => code).filter(
      (code) => code % 61 === 0 || /\p{Changes_When_Lowercased}/u.test(String.fromCodePoint(code)),
    );
    const texts = codes.map((code) => `\u03a3A${String.fromCodePoint(code)}\u03a3`);
    expect(codes.length).toBeGreaterThan(3000);
    const json = JSON.stringify({ normalizer: { type: "Lowercase" }, model: everyByte });
    expect(await differences(json, texts)).toEqual([]);
  });

  it("encodes a million of one letter", async () => {
    const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
    const [tokens] = await tokenizer.encode(["a".repeat(1_000_000)]);
    const text = Array.from(new Set(tokens!.subarray(1)), (id) => tokenizer.decodeToken(id)).join(
      "",
    );
    expect(text).toMatch(/^a+$/);
    tokenizer.dispose();
  });

  it("answers each of many calls with its own, in one native call for those of one turn", async () => {
    const tokenizer = openTokenizer(tokenizerJson("llama3"));
    const alone = await encoded(tokenizerJson("llama3"), ...texts);
    const groups = Array.from({ length: 100 }, (_, index) =>
      texts.slice(index, index + (index % 4)),
    );
    const answers = await Promise.all(groups.map((group) => tokenizer.encode(group)));
    for (const [index, answer] of answers.entries()) {
      expect(answer.map((ids) => [...ids])).toEqual(alone.slice(index, index + (index % 4)));
    }
    tokenizer.dispose();
  });

  it("answers calls of different kinds in turn", async () => {
    const tokenizer = openTokenizer(tokenizerJson("wordpiece"));
    const [plain, after, pairs, last] = await Promise.all([
      tokenizer.encode(["a river", "town"]),
      tokenizer.encodeAfter("a ", ["river"]),
      tokenizer.encodePairs("a", ["river", ""]),
      tokenizer.encode(["town"]),
    ]);
    expect(after).toEqual([plain[0]]);
    expect(last).toEqual([plain[1]]);
    expect(pairs.map(({ tokens, second }) => [tokens.length, second])).toEqual([
      [5, 3],
      [4, 3],
    ]);
    tokenizer.dispose();
  });

  it("lets the event loop turn while it encodes", async () => {
    const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
    const work = tokenizer.encode(Array(20).fill("ab ".repeat(100_000)));
    let ended = false;
    void work.finally(() => {
      ended = true;
    });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    await work;
    tokenizer.dispose();
  });
});

describe("its life", () => {
  const long = ["ab ".repeat(200_000)];

  it("refuses a second call while one runs, and goes on after it", async () => {
    const tokenizer = openNative();
    const first = tokenizer.encode(long);
    expect(() => tokenizer.encode(["a"])).toThrow("the tokenizer is busy: one call at a time");
    await first;
    expect((await tokenizer.encode(["a", ""])).offsets).toEqual(Int32Array.of(0, 2, 3));
    tokenizer.dispose();
  });

  it("rejects the running call with DISPOSED between two texts, and every later one", async () => {
    const tokenizer = openTokenizer(tokenizerJson("bytelevel"));
    const running = tokenizer.encode(Array(50).fill(long[0]));
    await Promise.resolve(); // now it runs
    const waiting = tokenizer.encode(["a"]);
    tokenizer.dispose();
    tokenizer.dispose();
    const later = [tokenizer.encode(["a"]), tokenizer.encodeAfter("a", ["b"])];
    for (const work of [running, waiting, ...later]) {
      await expect(work).rejects.toMatchObject({ code: "DISPOSED", name: "QragError" });
    }
  });

  it("may end with the garbage collector", async () => {
    for (let round = 0; round < 50; round++) await openNative().encode(["a b"]);
  });
});

/** Runs a call that may throw or reject, but with nothing else than a typed error. */
async function survives(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    const typed =
      error instanceof QragError && ["INPUT_INVALID", "TOKENIZER_UNSUPPORTED"].includes(error.code);
    if (!typed && !(error instanceof TypeError)) throw error;
  }
}

describe("hostile arguments", () => {
  const hostile = [undefined, null, 0, -1, 2 ** 40, Number.NaN, "", "a", {}, [], [1], [null], Symbol("s"), new Int32Array(3), new Uint8Array(3), () => 0]; // biome-ignore format: a list

  it("end in a typed error, and the tokenizer still works", async () => {
    const { Tokenizer, Model } = addon();
    const description = describeFixture("wordpiece");
    const tokenizer = new Tokenizer(description);
    for (const a of hostile) {
      await survives(() => new Tokenizer(a as never));
      await survives(() => tokenizer.encode(a as never));
      await survives(() => tokenizer.encode([a] as never));
      for (const b of ["a", ["a"], a]) {
        await survives(() => tokenizer.encodeAfter(a as never, b as never));
        await survives(() => tokenizer.encodeAfter(b as never, a as never));
        await survives(() => tokenizer.encodePairs(a as never, b as never));
        await survives(() => tokenizer.encodePairs(b as never, a as never));
      }
      await survives(() => tokenizer.token(a as never));
      for (const name of Object.keys(description)) {
        await survives(() => new Tokenizer({ ...description, [name]: a as never }));
      }
      // A receiver of another class must not be taken for a tokenizer.
      const encode = Tokenizer.prototype.encode as (this: unknown, ...args: unknown[]) => unknown;
      await survives(() => encode.call(a, ["a"]));
      await survives(() => encode.call(Model.prototype, ["a"]));
    }
    expect((await tokenizer.encode(["a"])).tokens.length).toBeGreaterThan(0);
    tokenizer.dispose();
  });

  it("in a description are refused, or make a tokenizer that encodes whatever comes", async () => {
    const descriptions = (
      ["qwen2", "roberta", "whitespace", "metaspace", "wordpiece"] as const
    ).map(describeFixture);
    const names = Object.keys(descriptions[0]!) as (keyof TokenizerDescription)[];
    const odd = fc.oneof(
      fc.integer({ min: -2, max: 600 }),
      fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 2 ** 20, 0x110000),
    );
    const change = fc.record({ name: fc.constantFrom(...names), place: fc.nat(), value: odd });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...descriptions),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.nat(texts.length - 10),
        async (description, changes, from) => {
          const damaged = { ...description };
          for (const { name, place, value } of changes) {
            const part = damaged[name].slice() as Int32Array;
            if (part.length > 0) part[place % part.length] = value;
            Object.assign(damaged, { [name]: value % 7 === 0 ? part.subarray(0, -1) : part });
          }
          await survives(async () => {
            const tokenizer = new (addon().Tokenizer)(damaged);
            const some = texts.slice(from, from + 10);
            await tokenizer.encode(some);
            await tokenizer.encodeAfter(some.join(" "), some);
            if (damaged.pair.length > 0) await tokenizer.encodePairs(some[0]!, some);
            tokenizer.dispose();
            accepted++;
          });
        },
      ),
      { seed: 3, numRuns: 400 },
    );
    expect(accepted).toBeGreaterThan(50);
    expect(accepted).toBeLessThan(350);
  });
});
