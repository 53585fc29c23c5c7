import { describe, expect, it } from "vitest";
import { jsonText, printable, table } from "../../src/cli/output.ts";

describe("printable", () => {
  it.each([
    ["plain ünï \u{1F600} 日本", "plain ünï \u{1F600} 日本"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\u001b[31m\u0007\u009b\u007f", "\\u{1b}[31m\\u{7}\\u{9b}\\u{7f}"],
    ["\u202eabc\u2066\u200f\u2028", "\\u{202e}abc\\u{2066}\\u{200f}\\u{2028}"],
    ["\ud800", "\\u{d800}"],
    ["\u{e0041}", "\\u{e0041}"],
  ])("shows %j", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("cuts, and says so", () => {
    expect(printable("abcdef", 3)).toBe("abc… (6 characters)");
    expect(printable("abc", 3)).toBe("abc");
  });
});

describe("table", () => {
  it("aligns words to the left and numbers to the right", () => {
    const rows = [
      ["a", 1],
      ["long", 100],
    ];
    expect(table(["NAME", "BYTES"], rows)).toBe("NAME  BYTES\na         1\nlong    100\n");
  });

  it("keeps a row on its line", () => {
    expect(table(["NAME"], [["a\nb"]])).toBe("NAME\na\\nb\n");
  });
});

it("jsonText escapes what a terminal would act on, and means the same", () => {
  const value = { key: "\u009b\u202e\u{e0041}\ud800é" };
  const text = jsonText(value);
  expect(text).toBe('{"key":"\\u009b\\u202e\\udb40\\udc41\\ud800é"}');
  expect(JSON.parse(text)).toEqual(value);
});
