// Passages out of every kind of input: told apart, and each mistake told with its line.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PassageFormat, passagesOf } from "../../src/cli/passages.ts";
import { codeOf, collect } from "../src/fakes.ts";
import { stream } from "./pieces.ts";

const read = (text: string | Uint8Array, format: PassageFormat = "auto", size?: number) =>
  collect(passagesOf(stream(text, size), format));
const passages = async (text: string, format?: PassageFormat) =>
  (await read(text, format)).map(({ passage }) => passage);
const printed = async (text: string) =>
  (await read(text)).map(({ bytes }) => Buffer.from(bytes).toString());

describe("lines", () => {
  it("are read as objects with a text, and strings", async () => {
    const text = '{"text":"one","id":1}\n\n  "two\\nlines"\r\n{"text":""}\n';
    expect(await passages(text)).toEqual(["one", "two\nlines", ""]);
  });

  it("may hold their text under other names", async () => {
    const text = '{"passage":"one"}\n{"id":1,"content":"two"}\n{"text":null,"content":"three"}';
    expect(await passages(text)).toEqual(["one", "two", "three"]);
    expect(await passages('{"content":"second","text":"first"}')).toEqual(["first"]);
  });

  it("are plain text otherwise, where blank ones are no passages", async () => {
    expect(await passages("one\n \n\ttwo\n{not json}\n")).toEqual(["one", "\ttwo", "{not json}"]);
  });

  it("go by the format that was told", async () => {
    expect(await passages('"quote" words\n', "text")).toEqual(['"quote" words']);
    expect(await passages('["a"]\n', "text")).toEqual(['["a"]']);
    expect(await codeOf(passages("plain\n", "jsonl"))).toBe("INPUT_INVALID");
    expect(await codeOf(passages('["a"]\n', "jsonl"))).toBe("INPUT_INVALID");
    expect(await codeOf(passages('"a"\n', "json"))).toBe("INPUT_INVALID");
  });

  it.each([
    ['{"text":"a"}\n{"text":', /^Line 2 is not JSON: .* Use --format text/],
    ['{"text":"a"}\n\n{"body":"b"}', /^Line 3 is neither a string nor an object with a "text"/],
    ['{"text":"a"}\n{"text":7}', /^Line 2 is neither/],
    ['{"text":"a"}\nnull', /^Line 2 is neither/],
    ['"a"\n["b"]', /^Line 2 is neither/],
    ['"a"\n7', /^Line 2 is neither/],
    ['{\n  "documents": []\n}', /^Line 1 is not JSON/],
    ['{"documents": ["a"]}', /^Line 1 is neither/],
  ])("%j are refused", async (text, message) => {
    await expect(passages(text)).rejects.toThrow(message);
  });
});

describe("arrays", () => {
  it("of strings and of objects are read, on one line or on many", async () => {
    const expected = ["one", "two\nlines", 'a "quoted" [text], {really}', "\u{1f600}\ud83d"];
    const values = [expected[0], { text: expected[1] }, { passage: expected[2], n: [[1], {}] }];
    const all = [...values, { id: null, content: expected[3] }];
    for (const indent of [undefined, 2, "\t"]) {
      expect(await passages(JSON.stringify(all, undefined, indent))).toEqual(expected);
      expect(await passages(`\ufeff\n \n${JSON.stringify(all, undefined, indent)}\r\n`)).toEqual(
        expected,
      );
    }
  });

  it("give elements byte for byte, but for the white space between their parts", async () => {
    const text = '[ {"text" : "a  b",\r\n\t"n":1.0,"big" : 12345678901234567890} , "\\u0041 b" ]';
    expect(await printed(text)).toEqual([
      '{"text":"a  b","n":1.0,"big":12345678901234567890}\n',
      '"\\u0041 b"\n',
    ]);
  });

  it("hold what JSON.parse finds in them, however they are cut into pieces", async () => {
    const element = fc.oneof(fc.string({ unit: "binary" }), fc.record({ text: fc.string() }));
    const array = fc.array(element, { minLength: 1 });
    const indent = fc.constantFrom(undefined, 1, "\t");
    await fc.assert(
      fc.asyncProperty(array, indent, fc.integer({ min: 1, max: 9 }), async (all, by, size) => {
        const text = JSON.stringify(all, undefined, by);
        const found = await read(text, "auto", size);
        const expected: unknown[] = JSON.parse(Buffer.from(text).toString());
        expect(found.map(({ value }) => value)).toEqual(expected);
        expect(found.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
          expected.map((value) => `${JSON.stringify(value)}\n`),
        );
        expect(found.map(({ number }) => number)).toEqual(all.map((_, index) => index + 1));
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("are refused where JSON.parse refuses them", async () => {
    const part = fc.constantFrom(
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      '"a"',
      "1",
      "tru",
      "e",
      " ",
      "\\",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
        const text = `["first",${parts.join("")}`;
        const outcome = await codeOf(read(text));
        if (outcome === "INPUT_INVALID") return;
        expect(JSON.parse(text)).toEqual(expect.any(Array));
      }),
      { seed: 4, numRuns: 2000 },
    );
    for (const text of ["[]", "[ ]", "[\n]"]) expect(await passages(text)).toEqual([]);
  });

  it("begin to be judged before they end", async () => {
    async function* endless() {
      yield Buffer.from('["first", {"text": "second"}, "th');
      expect.unreachable();
    }
    const found: string[] = [];
    for await (const { passage } of passagesOf(endless(), "auto")) {
      if (found.push(passage) === 2) break;
    }
    expect(found).toEqual(["first", "second"]);
  });

  it("are told from text in brackets", async () => {
    const text = "[1] A footnote\n[Note] Another\n";
    expect(await passages(text)).toEqual(text.trimEnd().split("\n"));
    expect(await passages("[1]: https://example.org")).toEqual(["[1]: https://example.org"]);
    expect(await passages(`[1 ${"x".repeat(100_000)}`)).toHaveLength(1);
  });

  it.each([
    ['["a",\n\n{"body":"b"}]', /^Element 2 of the array \(line 3\) is neither a string nor/],
    ['[\n  "a",\n  {"text": tru e}\n]', /^Element 2 of the array \(line 3\) is not JSON/],
    ['["a", 1 2]', /^Element 2 of the array \(line 1\) is not JSON/],
    ["[1, 2, 3]", /^Element 1 of the array \(line 1\) is neither/],
    ["[\n1]", /^Element 1 of the array \(line 2\) is neither/],
    ['[["a"]]', /^Element 1 of the array \(line 1\) is neither/],
    ['["a",\n"b"', /^Line 2 is the last, and the array has no end/],
    ['["a",\n"b', /^Line 2 is the last, and the array has no end/],
    ['["a"\n"b"]', /^Element 1 of the array \(line 1\) is not JSON/],
    ['["a",\n]', /^Line 2 is not JSON: a comma before the end/],
    ['["a",\n,"b"]', /^Line 2 is not JSON: a comma and nothing before it/],
    ['["a"]\n["b"]', /^Line 2 goes on behind the end of the array/],
    ['["a"}\n', /^Line 1 has a } too many/],
    ["[ ] buy milk", /^Line 1 goes on behind the end .* Use --format text for plain text/],
  ])("%j are refused", async (text, message) => {
    await expect(passages(text)).rejects.toThrow(message);
  });

  it("of deeply nested elements are refused, and of wide ones read", async () => {
    const nested = (depth: number) => `${"[".repeat(depth)}"[["${"]".repeat(depth)}`;
    const withText = (rest: string) => `[{"text": "a", "rest": ${rest}}]`;
    expect(await passages(withText(nested(999)))).toEqual(["a"]);
    expect(await passages(withText(`[${"[],{}, ".repeat(5000)}1]`))).toEqual(["a"]);
    expect(await passages(withText(JSON.stringify('[\\"{'.repeat(200_000))))).toEqual(["a"]);
    await expect(passages(withText(nested(100_000)))).rejects.toThrow(
      "Element 1 of the array (line 1) is nested more than 1000 levels deep",
    );
  });

  it("are refused with the line where they are not UTF-8", async () => {
    const bad = Buffer.concat([Buffer.from('["a",\n"b'), Buffer.of(0xff), Buffer.from('"]')]);
    await expect(read(bad)).rejects.toThrow("Line 2 is not valid UTF-8");
    await expect(read(Buffer.concat([Buffer.from('["a", "'), Buffer.of(0xe2)]))).rejects.toThrow(
      "Line 1 is not valid UTF-8",
    );
  });

  it("are refused when an element never ends, and when the input never begins", async () => {
    async function* endless(first: string, rest: string) {
      yield Buffer.from(first);
      for (;;) yield Buffer.alloc(1024 * 1024, rest);
    }
    const long = collect(passagesOf(endless('["short",\n"', "x"), "auto"));
    await expect(long).rejects.toThrow(
      /^Element 2 of the array \(line 2\) is longer than \d+ char/,
    );
    const blank = collect(passagesOf(endless("", "\n"), "auto"));
    await expect(blank).rejects.toThrow(/^The input begins with \d+ blank bytes/);
  });
});
