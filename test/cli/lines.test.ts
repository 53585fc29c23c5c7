import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf, passagesOf } from "../../src/cli/lines.ts";
import { codeOf, collect } from "../src/fakes.ts";

/** The bytes of a text in pieces of the given size. */
async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const stream = (text: string | Uint8Array, size = 5) => pieces(Buffer.from(text), size);
const passages = async (text: string, format: "auto" | "jsonl" | "text" = "auto") =>
  (await collect(passagesOf(stream(text), format))).map(({ passage }) => passage);

describe("linesOf", () => {
  it("gives back every byte, and every text without its line end", async () => {
    const text = fc.array(fc.constantFrom("a", "é", "日", "\n", "\r\n", "\r", "\u{1F600}", "\0"));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (parts, size) => {
        const whole = parts.join("");
        const lines = await collect(linesOf(stream(whole, size)));
        expect(Buffer.concat(lines.map(({ bytes }) => bytes)).toString()).toBe(whole);
        const expected = whole.split("\n").map((line, index, all) => {
          return index < all.length - 1 ? line.replace(/\r$/, "") : line;
        });
        if (whole === "" || whole.endsWith("\n")) expected.pop();
        expect(lines.map((line) => line.text)).toEqual(expected);
        expect(lines.map(({ number }) => number)).toEqual(expected.map((_, index) => index + 1));
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("skips a byte order mark", async () => {
    expect((await collect(linesOf(stream("\ufeffa\nb"))))[0]?.text).toBe("a");
  });

  it("refuses bytes that are not UTF-8, with the line's number", async () => {
    const bytes = Buffer.concat([Buffer.from("fine\n"), Buffer.of(0x61, 0xff, 0x0a)]);
    await expect(collect(linesOf(stream(bytes)))).rejects.toThrow("Line 2 is not valid UTF-8");
  });

  it("refuses a line that never ends", async () => {
    async function* endless() {
      yield Buffer.from("short\n");
      for (;;) yield Buffer.alloc(1024 * 1024, "x");
    }
    await expect(collect(linesOf(endless()))).rejects.toThrow(/Line 2 is longer than \d+ bytes/);
  });
});

describe("passagesOf", () => {
  it("reads objects with a text, and strings", async () => {
    const text = '{"text":"one","id":1}\n\n  "two\\nlines"\r\n{"text":""}\n';
    expect(await passages(text)).toEqual(["one", "two\nlines", ""]);
  });

  it("reads plain text, where blank lines are no passages", async () => {
    expect(await passages("one\n \n\ttwo\n{not json}\n")).toEqual(["one", "\ttwo", "{not json}"]);
  });

  it("goes by the format it is told", async () => {
    expect(await passages('"quote" words\n', "text")).toEqual(['"quote" words']);
    expect(await codeOf(passages("plain\n", "jsonl"))).toBe("INPUT_INVALID");
  });

  it.each([
    ['{"text":"a"}\n{"text":', /^Line 2 is not JSON: .* Use --format text/],
    ['{"text":"a"}\n\n{"body":"b"}', /^Line 3 is neither a string nor an object with a text/],
    ['{"text":"a"}\n{"text":7}', /^Line 2 is neither/],
    ['{"text":"a"}\nnull', /^Line 2 is neither/],
    ['"a"\n["b"]', /^Line 2 is neither/],
    ['"a"\n7', /^Line 2 is neither/],
  ])("refuses %j", async (text, message) => {
    await expect(passages(text)).rejects.toThrow(message);
  });
});
