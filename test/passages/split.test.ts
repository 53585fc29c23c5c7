// The splitter: what is kept whole, what is cut and where, and that every passage stands where it says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lengths } from "../../src/passages/join.ts";
import { type SourcePassage, splitDocument } from "../../src/passages/split.ts";
import { countWords } from "../../src/passages/words.ts";

const split = (text: string, lengths?: Partial<Lengths>, path = "a/page.md") =>
  splitDocument({ path, text }, { minWords: 6, maxWords: 20, ...lengths });

const sliceOf = (text: string, { start, end }: SourcePassage) =>
  Buffer.from(text).subarray(start, end).toString();

const textsOf = (passages: readonly SourcePassage[]) => passages.map(({ text }) => text);

/** So many different words. */
const words = (count: number, name = "w") =>
  Array.from({ length: count }, (_, index) => `${name}${index}`).join(" ");

describe("Markdown", () => {
  it("gives each passage its headings' path, and is cut at every heading", () => {
    const text = [
      "before any heading",
      "# Guide\n\nof the guide",
      "## Limits\n\nof the limits",
      "#### Deep\n\nfar below",
      "Other\n---\n\nof the other",
      "# Next `code` and [a *link*](x) <b>\n\nof the next",
    ].join("\n\n");
    expect(split(text).map(({ headings, text: shown }) => [headings, shown])).toEqual([
      [[], "before any heading"],
      [["Guide"], "Guide\nof the guide"],
      [["Guide", "Limits"], "Guide > Limits\nof the limits"],
      [["Guide", "Limits", "Deep"], "Guide > Limits > Deep\nfar below"],
      [["Guide", "Other"], "Guide > Other\nof the other"],
      [["Next code and a link"], "Next code and a link\nof the next"],
    ]);
  });

  it("never leaves a heading alone, nor counts an empty one", () => {
    expect(split("# Only\n\n## These\n")).toEqual([]);
    expect(textsOf(split("#\n\n## Below\n\ntext\n"))).toEqual(["Below\ntext"]);
  });

  it("joins what is short with its neighbours, if there is room", () => {
    expect(textsOf(split("one two\n\nthree\n\nfour five six seven\n\neight nine ten"))).toEqual([
      "one two\n\nthree\n\nfour five six seven\n\neight nine ten",
    ]);
    const [first, second, third] = [words(8, "a"), words(8, "b"), words(2, "c")];
    expect(textsOf(split(`${first}\n\n${second}\n\n${third}`))).toEqual([
      first,
      `${second}\n\n${third}`,
    ]);
    // Too long together with what follows: it goes with what stands before.
    const long = words(19, "d");
    expect(textsOf(split(`${first}\n\n${third}:\n\n${long}`))).toEqual([
      `${first}\n\n${third}:`,
      long,
    ]);
  });

  it("keeps a sentence that introduces something with it", () => {
    const list = `- ${words(4, "x")}\n- ${words(4, "y")}`;
    expect(textsOf(split(`${words(10)}\n\nThese are allowed:\n\n${list}`))).toEqual([
      words(10),
      `These are allowed:\n\n${list}`,
    ]);
  });

  it.each([
    ["a table", `| a | b |\n|---|---|\n${"| x | y |\n".repeat(2)}`],
    ["a list", `${"- one two three\n".repeat(4)}`],
    ["a fence", "```js\nlet a;\n\n# not a heading\n\nlet b;\n```"],
    ["a quotation", "> one two\n>\n> # three\n>\n> four"],
  ])("keeps %s whole", (_name, block) => {
    const text = `${words(15)}\n\n${block.trimEnd()}\n\n${words(15, "z")}`;
    expect(textsOf(split(text))).toEqual([words(15), block.trimEnd(), words(15, "z")]);
  });

  it("repeats the header row of a table that it has to cut", () => {
    const rows = Array.from({ length: 9 }, (_, n) => `| n${n} | m${n} |`);
    const text = `# T\n\n| name | value |\n|---|--:|\n${rows.join("\n")}\n`;
    const passages = split(text, { maxWords: 32 });
    const header = "T\n| name | value |\n|---|--:|\n";
    expect(textsOf(passages)).toEqual([
      header + rows.slice(0, 4).join("\n"),
      header + rows.slice(4).join("\n"),
    ]);
    expect(sliceOf(text, passages[1]!)).toBe(rows.slice(4).join("\n"));
    expect(passages.map(({ line }) => line)).toEqual([3, 9]);
  });

  it("does not repeat a header that leaves no room", () => {
    const row = "| a b c d | e f g h |";
    const text = `${row}\n|---|---|\n${`${row}\n`.repeat(4)}`;
    const [, ...others] = split(text, { maxWords: 18 });
    for (const { text: shown } of others) expect(shown).not.toContain("---");
    expect(split("| a | b |\n|---|---|\n", { maxWords: 2 }).length).toBeGreaterThan(1);
  });

  it("cuts a long list between its items, and a long item inside", () => {
    const items = ["a", "b", "c"].map((name) => `- ${words(8, name)}`);
    expect(textsOf(split(items.join("\n")))).toEqual([items.slice(0, 2).join("\n"), items[2]]);
    const nested = `1. ${words(9, "a")}\n\n   - ${words(9, "b")}\n   - ${words(9, "c")}`;
    const passages = split(nested);
    expect(passages.map(({ text }) => countWords(text))).toEqual([10, 20]);
    expect(passages[0]!.text).toMatch(/^1\. a0/);
  });

  it("cuts long code between lines, and long paragraphs behind sentences", () => {
    const code = ["```", ...Array.from({ length: 9 }, (_, n) => `call ${n} (a, b);`), "```"];
    for (const { text } of split(code.join("\n"))) {
      for (const line of text.split("\n")) expect(code).toContain(line);
    }
    const sentences = Array.from({ length: 6 }, (_, n) => `Here ${words(5, `s${n}`)}.`);
    // Wrapped in the middle of sentences.
    const paragraph = sentences.join(" ").replace(/ (s\d2)/g, "\n$1");
    const flat = textsOf(split(paragraph)).map((text) => text.replace(/\n/g, " "));
    expect(flat).toEqual([sentences.slice(0, 3).join(" "), sentences.slice(3).join(" ")]);
  });

  it("cuts what has no sentences between words, and what has no words anywhere but in a character", () => {
    const line = words(100_000);
    const passages = split(line, { maxWords: 200 });
    expect(passages.length).toBe(500);
    expect(textsOf(passages).join(" ")).toBe(line);
    const solid = "🦉é".repeat(1000);
    expect(textsOf(split(solid)).join("")).toBe(solid);
  });

  it("leaves out rules and link targets, and keeps front matter apart from headings", () => {
    const text = "---\ntitle: A page\n---\n\nbody [x]\n\n***\n\n[x]: https://example.org\n";
    expect(textsOf(split(text))).toEqual(["---\ntitle: A page\n---\n\nbody [x]"]);
    expect(split("---\ntitle: A\n---\n\n# H\n\nbody").map(({ headings }) => headings)).toEqual([
      [],
      ["H"],
    ]);
  });

  it.each(["", "\ufeff", " \n\t\n", "\r\n", "# \n", "***\n"])("has no passage for %j", (text) => {
    expect(split(text)).toEqual([]);
  });

  it("counts bytes and lines through a byte order mark, CRLF and other scripts", () => {
    const text =
      "\ufeff# Überschrift\r\n\r\nGrüße, 東京\r\nzweite Zeile\r\n\r\n## B\r\n\r\nß 🦉 Ende\r\n";
    const passages = split(text);
    expect(passages).toMatchObject([
      { headings: ["Überschrift"], line: 3 },
      { headings: ["Überschrift", "B"], line: 8 },
    ]);
    expect(passages.map((passage) => sliceOf(text, passage))).toEqual([
      "Grüße, 東京\r\nzweite Zeile",
      "ß 🦉 Ende",
    ]);
    expect(passages[1]!.text).toBe("Überschrift > B\nß 🦉 Ende");
  });

  it("is read as plain text where it is too long for the parser", () => {
    const text = `# H\n\n${words(8)}\n\n`.repeat(40_000);
    const [first, second] = split(text);
    expect(first).toMatchObject({ headings: [], text: `# H\n\n${words(8)}\n\n# H`, line: 1 });
    expect(second).toMatchObject({ headings: [], line: 7 });
  });

  it("is done soon with what is meant to keep it busy", () => {
    const hostile = [
      "*".repeat(30_000) + words(3) + "*".repeat(30_000),
      "[".repeat(50_000),
      `${"- ".repeat(20_000)}a`,
      `${">".repeat(20_000)}a`,
      `# ${"*a ".repeat(20_000)}`,
      `${"a".repeat(200_000)}. ${"A. ".repeat(100_000)}`,
      Array.from({ length: 120 }, (_, depth) => `${"  ".repeat(depth)}- ${words(3)}`).join("\n"),
    ];
    for (const text of hostile) {
      for (const { text: shown } of split(text)) expect(countWords(shown)).toBeLessThan(60);
    }
  });
});

describe("plain text", () => {
  it("is cut at empty lines, whatever looks like Markdown", () => {
    const paragraphs = [`# ${words(8, "a")}\nb c`, words(9, "d"), words(9, "e")];
    for (const gap of ["\n\n", "\r\n\r\n", "\r\r", "\n \t\n\n"]) {
      const text = paragraphs.join(gap);
      const passages = split(text, {}, "notes.TXT");
      expect(textsOf(passages)).toEqual(paragraphs);
      expect(passages.map((passage) => sliceOf(text, passage))).toEqual(paragraphs);
      expect(passages.every(({ headings }) => headings.length === 0)).toBe(true);
    }
  });

  it.each(["", "\ufeff", " \n\t\n", "\r\n"])("has no passage for %j", (text) => {
    expect(split(text, {}, "a.txt")).toEqual([]);
  });

  it("does not take one line break for an empty line", () => {
    const text = `${words(8, "a")}\r\n${words(8, "b")}`;
    expect(textsOf(split(text, {}, "a.txt"))).toEqual([text]);
  });
});

/** Blocks of Markdown as text, none of their words the same. */
const blocks = fc
  .array(
    fc.record({
      kind: fc.constantFrom("heading", "text", "list", "nested", "table", "code", "quote", "rule"),
      sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
      level: fc.integer({ min: 1, max: 6 }),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ kind, sizes, level }, index) => {
      const texts = sizes.map((size, part) => `${words(size, `ü${index}x${part}x`)}.`);
      const shown = {
        heading: () => `${"#".repeat(level)} ${texts[0]}`,
        text: () => texts.join(" "),
        list: () => texts.map((text) => `* ${text}`).join("\n"),
        nested: () => texts.map((text, depth) => `${"  ".repeat(depth)}- ${text}`).join("\n"),
        table: () => `| h |\n|---|\n${texts.map((text) => `| ${text} |`).join("\n")}`,
        code: () => `~~~\n${texts.join("\n\n")}\n~~~`,
        quote: () => texts.map((text) => `> ${text}\n>`).join("\n"),
        rule: () => "***",
      }[kind]();
      return { kind, shown, texts: kind === "heading" || kind === "rule" ? [] : texts };
    }),
  );

describe("any document", () => {
  it("is in passages that stand where they say, in order, none too long, every word in one", () => {
    const layout = fc.record({
      blocks,
      newline: fc.constantFrom("\n", "\r\n"),
      mark: fc.constantFrom("", "\ufeff"),
      maxWords: fc.integer({ min: 4, max: 60 }),
    });
    fc.assert(
      fc.property(layout, ({ blocks: list, newline, mark, maxWords }) => {
        const text =
          mark +
          list
            .map(({ shown }) => shown)
            .join("\n\n")
            .replaceAll("\n", newline);
        const passages = split(text, { minWords: maxWords / 3, maxWords });
        let before = 0;
        const found: string[] = [];
        for (const passage of passages) {
          const slice = sliceOf(text, passage);
          expect(passage.start).toBeGreaterThanOrEqual(before);
          expect(passage.text.endsWith(slice)).toBe(true);
          expect(slice.trim()).toBe(slice);
          expect(slice).not.toBe("");
          expect(countWords(slice)).toBeLessThanOrEqual(maxWords);
          const lines = Buffer.from(text).subarray(0, passage.start).toString().split("\n");
          expect(passage.line).toBe(lines.length);
          before = passage.end;
          found.push(...(slice.match(/ü\S+/g) ?? []));
        }
        const expected = list.flatMap(({ texts }) => texts.join(" ").split(" ")).filter(Boolean);
        expect(found).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("of any characters at all never fails", () => {
    const part = fc.constantFrom(
      ..."#-*>|`~ \n\t1.[]()<!&;\\:+=_\0\r\ufeff".split(""),
      "a b",
      "é🦉",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), fc.boolean(), (parts, markdown) => {
        const text = parts.join("");
        for (const passage of split(text, {}, markdown ? "a.md" : "a.txt")) {
          expect(passage.text.endsWith(sliceOf(text, passage))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the text of a PDF", () => {
  it("is under the number of its page", () => {
    const text = `${words(8, "a")}\n\n${words(8, "b")}\f\f${words(8, "ü")}\n${words(4, "d")}\f`;
    const passages = split(text, { minWords: 6, maxWords: 20 }, "paper.PDF");
    expect(passages.map(({ headings, line }) => [headings, line])).toEqual([
      [["page 1"], 1],
      [["page 1"], 3],
      [["page 3"], 3],
    ]);
    expect(passages.map((passage) => sliceOf(text, passage))).toEqual([
      words(8, "a"),
      words(8, "b"),
      `${words(8, "ü")}\n${words(4, "d")}`,
    ]);
    expect(passages[2]!.text).toBe(`page 3\n${words(8, "ü")}\n${words(4, "d")}`);
  });

  it("has no pages where nothing tells them", () => {
    expect(split(words(8), {}, "paper.pdf").map(({ headings }) => headings)).toEqual([[]]);
  });
});
