import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesOf } from "../../src/cli/lines.ts";
import { collect } from "../src/fakes.ts";
import { stream } from "./pieces.ts";

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
