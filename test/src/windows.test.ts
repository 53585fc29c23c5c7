import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { type WindowEncoder, windowsOf } from "../../src/windows.ts";
import { collect, fakeEncode, fakeEncoder, fakeTokenizer } from "./fakes.ts";

/** An encoder that notes the length of every text it is given; `tokensPerUnit` makes text dense. */
function makeEncoder(contextLength: number, tokensPerUnit = 1) {
  const encoded: number[] = [];
  const tokenizer = {
    ...fakeTokenizer,
    async encodeAfter(head: string, tails: readonly string[]) {
      const texts = tails.map((tail) => head + tail);
      encoded.push(...texts.map(({ length }) => length));
      return texts.map((text) =>
        Int32Array.from([...fakeEncode(text)].flatMap((unit) => Array(tokensPerUnit).fill(unit))),
      );
    },
  };
  const encoder: WindowEncoder = { ...fakeEncoder(tokenizer), contextLength };
  return { encoder, encoded };
}

/** The passage part of each window. */
async function textsOf(encoder: WindowEncoder, query: string, passage: string, tokensPerUnit = 1) {
  return (await collect(windowsOf(encoder, query, [passage]))).map(({ tokens, span }) => {
    expect(tokens.length).toBeLessThanOrEqual(encoder.contextLength);
    const units = tokens.filter((_unit, index) => index % tokensPerUnit === 0);
    const text = String.fromCharCode(...units);
    expect(text).toBe(`${query}|${passage.slice(span.start, span.end)}`);
    return text.slice(query.length + 1);
  });
}

/** Where each window lies; fails when one does not follow from the passage, or a part of it is in none. */
function placesOf(passage: string, windows: readonly string[]): number[] {
  let end = 0;
  let from = 0;
  const places = windows.map((window) => {
    const start = passage.indexOf(window, from);
    expect(start).toBeGreaterThanOrEqual(from);
    expect(start).toBeLessThanOrEqual(end);
    end = start + window.length;
    from = start + 1;
    return start;
  });
  expect(end).toBe(passage.length);
  return places;
}

/** Sentences that are all different, so that a window has one place only. */
const story = Array.from({ length: 40 }, (_, n) => `Sentence number ${n} says something. `).join(
  "",
);

describe("a passage that fits", () => {
  it.each(["", "short", "x".repeat(97)])("is one window, encoded once: %j", async (passage) => {
    const { encoder, encoded } = makeEncoder(100);
    const windows = await collect(windowsOf(encoder, "qq", [passage]));
    const span = { start: 0, end: passage.length };
    expect(windows).toEqual([{ tokens: fakeEncode(`qq|${passage}`), span, last: true }]);
    expect(encoded).toHaveLength(1);
  });
});

describe("a longer passage", () => {
  it("is cut at sentence ends, with some of each window in the next", async () => {
    const { encoder } = makeEncoder(200);
    const windows = await textsOf(encoder, "q", story);
    expect(windows.length).toBeGreaterThan(6);
    for (const window of windows) expect(window).toMatch(/^Sentence number .* something\. $/);
    const places = placesOf(story, windows);
    for (const [index, place] of places.slice(1).entries()) {
      const before = places[index]! + windows[index]!.length;
      expect(before - place).toBeGreaterThanOrEqual(windows[index]!.length / 8);
    }
  });

  it("marks only its last window", async () => {
    const { encoder } = makeEncoder(200);
    const marks = (await collect(windowsOf(encoder, "q", [story]))).map(({ last }) => last);
    expect(marks.indexOf(true)).toBe(marks.length - 1);
  });

  it("is cut between words where a sentence is too long", async () => {
    const { encoder } = makeEncoder(100);
    const passage = Array.from({ length: 100 }, (_, n) => `word${n}`).join(" ");
    const windows = await textsOf(encoder, "q", passage);
    placesOf(passage, windows);
    const words = new Set(passage.split(" "));
    for (const word of windows.flatMap((window) => window.trim().split(" "))) {
      expect(words).toContain(word);
    }
  });

  it("is cut anywhere where a word is too long, but never inside a surrogate pair", async () => {
    for (const shift of ["", "x"]) {
      const { encoder } = makeEncoder(60);
      const passage = shift + "\u{1D538}\u{1D539}\u{20000}".repeat(60);
      const windows = await textsOf(encoder, "q", passage);
      expect(windows.length).toBeGreaterThan(5);
      for (const window of windows) expect(window).not.toMatch(/\p{Surrogate}/u);
      expect(windows.at(-1)).toBe(passage.slice(-windows.at(-1)!.length));
    }
  });

  it("keeps lone surrogates where they are", async () => {
    const { encoder } = makeEncoder(60);
    const passage = "\uD800".repeat(200);
    const windows = await textsOf(encoder, "q", passage);
    expect(windows.length).toBeGreaterThan(3);
    expect(windows.join("")).toMatch(/^\uD800+$/u);
  });

  it("covers every passage with windows that fit", async () => {
    const word = fc.tuple(
      fc.string({ unit: "grapheme", maxLength: 30 }),
      fc.constantFrom(" ", ". ", ""),
    );
    const density = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 60 }),
        fc.integer({ min: 40, max: 200 }),
        density,
        async (words, context, tokensPerUnit) => {
          // A counter in every word makes the place of a window unambiguous.
          const passage = words.map(([text, gap], index) => `${index}${text}${gap}`).join("");
          const { encoder } = makeEncoder(context, tokensPerUnit);
          placesOf(passage, await textsOf(encoder, "q", passage, tokensPerUnit));
        },
      ),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe("a huge passage", () => {
  it.each([
    ["prose", "All work and no play makes a dull day. "],
    ["one word", "x"],
    ["white space", " "],
  ])("is encoded in bounded pieces, and little more than once: %s", async (_name, part) => {
    const passage = part.repeat(Math.ceil(500_000 / part.length));
    const { encoder, encoded } = makeEncoder(1000);
    let windows = 0;
    for await (const _window of windowsOf(encoder, "q", [passage])) windows++;
    expect(windows).toBeGreaterThan(500);
    expect(Math.max(...encoded)).toBeLessThanOrEqual(8 * 1000 + 2);
    expect(encoded.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 * passage.length);
  });
});

describe("a query that leaves no room", () => {
  it("is refused with the figures", async () => {
    const { encoder } = makeEncoder(100);
    const work = collect(windowsOf(encoder, "q".repeat(90), ["p".repeat(10)]));
    await expect(work).rejects.toThrow(QragError);
    await expect(work).rejects.toThrow(/takes 91 of the model's 100 tokens/);
  });

  it("is accepted as long as the passage fits", async () => {
    const { encoder } = makeEncoder(100);
    const work = collect(windowsOf(encoder, "q".repeat(90), ["p".repeat(9)]));
    expect(await work).toHaveLength(1);
  });

  it("is refused when not even one character fits", async () => {
    const { encoder } = makeEncoder(100, 40);
    const work = collect(windowsOf(encoder, "q", ["ppp"]));
    await expect(work).rejects.toThrow(/leaves no room/);
  });
});
