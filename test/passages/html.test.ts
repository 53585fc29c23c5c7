// HTML as it reads: structure, what is left out, where each passage stands in the file, and files that mean harm.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Lengths } from "../../src/passages/join.ts";
import { type SourcePassage, splitDocument } from "../../src/passages/split.ts";

const split = (text: string, lengths?: Partial<Lengths>, path = "a/page.HTML") =>
  splitDocument({ path, text }, { minWords: 1, maxWords: 20, ...lengths });

const textsOf = (passages: readonly SourcePassage[]) => passages.map(({ text }) => text);

const sliceOf = (text: string, { start, end }: SourcePassage) =>
  Buffer.from(text).subarray(start, end).toString();

const slicesOf = (text: string) => split(text).map((passage) => sliceOf(text, passage));

/** So many different words. */
const words = (count: number, name = "w") =>
  Array.from({ length: count }, (_, index) => `${name}${index}`).join(" ");

describe("structure", () => {
  it("has the title and the headings as its path", () => {
    const text = `<title>Site</title><body>before<h1>Guide</h1><p>one<h2>The <em>limits</em></h2>
      <div><p>two</div><h4>Deep</h4>three<h2></h2>four<h1>Next</h1><section>five</section>`;
    expect(split(text).map(({ headings, text: shown }) => [headings, shown])).toEqual([
      [["Site"], "Site\nbefore"],
      [["Site", "Guide"], "Site > Guide\none"],
      [["Site", "Guide", "The limits"], "Site > Guide > The limits\ntwo"],
      [["Site", "Guide", "The limits", "Deep"], "Site > Guide > The limits > Deep\nthree"],
      [["Site", "Guide"], "Site > Guide\nfour"],
      [["Site", "Next"], "Site > Next\nfive"],
    ]);
  });

  it("does not repeat a title that is the first heading, too", () => {
    const [passage] = split("<title>Tea</title><h1> Tea\n</h1><p>Boil water.");
    expect(passage!.headings).toEqual(["Tea"]);
  });

  it("ends a heading where its end is missing", () => {
    const text = "<h1><div>Gui&shy;de</div><p>one<p>two<ul><li>three</ul>";
    expect(textsOf(split(text))).toEqual(["Guide\none", "Guide\ntwo", "Guide\n- three"]);
  });

  it("has paragraphs where a browser shows them, with white space collapsed", () => {
    const text = "<p>one\n  two <b>th</b>ree<p>four<br>five<div>six</div>seven<hr>eight";
    expect(textsOf(split(text))).toEqual(["one two three", "four\nfive", "six", "seven", "eight"]);
    expect(textsOf(split(text, { minWords: 20 }))).toEqual([
      "one two three\n\nfour\nfive\n\nsix\n\nseven\n\neight",
    ]);
  });

  it("keeps lists whole, with their marks and numbers", () => {
    const text = `<p>${words(15)}</p><ul><li>a<li><p>b</p><p>c</p><ul><li>d</ul><li></ul>
      <p>${words(15, "x")}</p><ol start=4><li>e<li value=9>f</ol><ol reversed><li>g</ol>`;
    expect(textsOf(split(text))).toEqual([
      words(15),
      "- a\n- b\nc\n  - d",
      words(15, "x"),
      "4. e\n9. f",
      "- g",
    ]);
  });

  it("reads tables row by row, and repeats the header of those that it cuts", () => {
    const rows = Array.from({ length: 9 }, (_, n) => `<tr><td>n${n}<td><p>m${n}</p>`).join("\n");
    const text = `<table><caption>Numbers</caption><thead><tr><td>name<td>value</thead>${rows}</table>`;
    expect(textsOf(split(text))).toEqual([
      "Numbers",
      `name | value\n${[0, 1, 2, 3].map((n) => `n${n} | m${n}`).join("\n")}`,
      `name | value\n${[4, 5, 6, 7, 8].map((n) => `n${n} | m${n}`).join("\n")}`,
    ]);
    const plain = "<table><tr><th>a<th>b<tr><td>c<td><td>d<tr><td><td>e<tr><td></table>";
    expect(textsOf(split(plain))).toEqual(["a | b\nc |  | d\n| e"]);
  });

  it("does not take a table that lays out a page for one of data", () => {
    const text = "<table><tr><td><h2>Left</h2><p>one</p><td><table><tr><td>x<td>y</table></table>";
    expect(textsOf(split(text))).toEqual(["Left\none", "Left\nx | y"]);
    expect(textsOf(split('<table role="presentation"><tr><td>a<td>b</table>'))).toEqual(["a", "b"]);
  });

  it("keeps preformatted text as it is written", () => {
    const code = "let a;\n\n  if (a &lt; 1)   b();";
    const text = `<p>${words(18)}</p><pre><code>${code}</code></pre>behind`;
    const shown = code.replace("&lt;", "<");
    expect(textsOf(split(text))).toEqual([words(18), shown, "behind"]);
    expect(textsOf(split(text, { minWords: 20, maxWords: 50 }))).toEqual([
      `${words(18)}\n\n${shown}\n\nbehind`,
    ]);
  });

  it("takes headings in lists and quotations for a part of them", () => {
    const text = "<ul><li><h3>One</h3><p>first</p></ul><blockquote><h2>Two</h2>second</blockquote>";
    expect(split(text).map(({ headings, text: shown }) => [headings, shown])).toEqual([
      [[], "- One\nfirst"],
      [[], "Two\n\nsecond"],
    ]);
  });

  it("cuts long paragraphs behind sentences", () => {
    const sentences = Array.from({ length: 6 }, (_, n) => `Here ${words(5, `s${n}`)}.`);
    const text = `<p>${sentences.join("\n").replace(/ (s\d2)/g, "\n<i>$1</i>")}</p>`;
    expect(textsOf(split(text))).toEqual([
      sentences.slice(0, 3).join(" "),
      sentences.slice(3).join(" "),
    ]);
  });
});

describe("what is not read", () => {
  it.each([
    "<script>no</script>",
    "<style>no</style>",
    "<template><p>no</template>",
    "<nav><ul><li>no</ul></nav>",
    "<noscript><p>no</noscript>",
    "<svg><title>no</title><text>no</text></svg>",
    "<div hidden><h2>no</h2></div>",
    '<div role="navigation">no</div>',
    '<span aria-hidden="true">no</span>',
    '<p style="color: red; display : none">no</p>',
    "<dialog>no</dialog>",
    "<select><option>no</select>",
    "<!-- no -->",
    "<iframe>no</iframe>",
  ])("leaves out %s", (part) => {
    expect(textsOf(split(`<title>T</title><p>yes</p>${part}<p>too</p>`))).toEqual([
      "T\nyes",
      "T\ntoo",
    ]);
  });

  it("ends what is hidden where the element ends, not its tag", () => {
    expect(textsOf(split("<p hidden>no<p>yes"))).toEqual(["yes"]);
  });

  it.each(["", "<p>", "<title>t</title><h1>h</h1>", "<table><tr><td></table>", "<ul><li></ul>"])(
    "has no passage for %j",
    (text) => {
      expect(split(text)).toEqual([]);
    },
  );

  it("takes text without a tag for plain text", () => {
    const text = "first\n\nsecond &amp; third";
    expect(textsOf(split(text))).toEqual(["first", "second &amp; third"]);
    expect(textsOf(split(text, {}, "a.docx"))).toEqual(["first", "second &amp; third"]);
  });
});

describe("places", () => {
  it("are the file's, through entities, marks and other scripts", () => {
    const text =
      "\ufeff<h1>Überschrift</h1>\r\n<p>Grüße &amp; 東京,\r\n<b>z&uuml;ge</b>&nbsp;fahren</p>\r\n<p>ß&shy;a 🦉 &lt;Ende&gt;</p>";
    const passages = split(text);
    expect(passages).toMatchObject([
      { text: "Überschrift\nGrüße & 東京, züge fahren", line: 2 },
      { text: "Überschrift\nßa 🦉 <Ende>", line: 4 },
    ]);
    expect(passages.map((passage) => sliceOf(text, passage))).toEqual([
      "Grüße &amp; 東京,\r\n<b>z&uuml;ge</b>&nbsp;fahren",
      "ß&shy;a 🦉 &lt;Ende&gt;",
    ]);
  });

  it("are right where a paragraph is cut", () => {
    const text = `<p>${words(30, "ä")} &quot;${words(9, "ö")}&quot; </p>`;
    const slices = slicesOf(text);
    expect(slices.length).toBe(2);
    expect(slices.join(" ")).toBe(text.slice(3, -5));
  });

  it("are right where the parser moves text out of a table", () => {
    const text = "<table><tr><td>cell</td></tr>stray</table><p>after</p>";
    expect(slicesOf(text)).toEqual(["stray", "cell", "after"]);
  });

  it("are right beside characters of two units", () => {
    for (const text of ["<p> \r\n\t🦉", "<p>🦉 x🦉y 🦉</p>🦉", "<p>a\r\nb 🦉 c</p>"]) {
      for (const passage of split(text, { minWords: 0, maxWords: 1 })) {
        expect(sliceOf(text, passage)).toBe(passage.text);
      }
    }
  });

  it("hold every word of any document, and never fail", () => {
    const part = fc.constantFrom(
      ..."p div b a table tr td th li ul ol h1 h3 pre blockquote title br nav dl dd caption svg template"
        .split(" ")
        .flatMap((name) => [`<${name}>`, `</${name}>`]),
      "<b id=1>",
      "<p hidden>",
      "&amp;",
      "&#0;",
      "&nbsp;",
      "\u00ad",
      " \r\n\t",
      "wört one",
      "🦉",
      "<!--",
      "-->",
      "<",
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (list, most) => {
          const text = list.join("");
          for (const passage of split(text, { maxWords: most })) {
            expect(passage.end).toBeLessThanOrEqual(Buffer.byteLength(text));
            const shown = passage.text.split("\n").slice(passage.headings.length > 0 ? 1 : 0);
            if (!shown.join(" ").includes("wört")) continue;
            expect(sliceOf(text, passage)).toContain("wört");
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("files that mean harm", () => {
  const wide = (count: number, part: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => part(index)).join("");

  it.each([
    ["100,000 open elements", "<div>".repeat(100_000)],
    ["unclosed formatting", "<p>a<b>".repeat(100_000)],
    [
      "formatting that each paragraph repeats",
      `<p>${wide(500, (n) => `<b id=${n}>`)}${"<p>x".repeat(5000)}`,
    ],
    ["a tag with 300,000 attributes", `<div ${wide(300_000, (n) => `a${n} `)}>`],
    ["40,000 second bodies", `<p>x${wide(40_000, (n) => `<body a${n}>`)}`],
    ["500,000 elements", "<i></i>".repeat(500_000)],
    ["children to be moved one by one", `<a><div>${"<i></i>".repeat(90_000)}</a>`],
    ["more text than is parsed", "<p>".padEnd(4 * 1024 * 1024 + 1, "word ")],
  ])("%s: read as plain text", (_name, hostile) => {
    const text = `<h1>H</h1>\n\n${hostile}`;
    const [first] = split(text, { minWords: 0, maxWords: 200 });
    expect(first).toMatchObject({ text: "<h1>H</h1>", headings: [], line: 1 });
  });

  it.each([
    ["a gigantic attribute", `<p title="${"x".repeat(2_000_000)}">`],
    ["text moved out of a table", `<table>${"x<i></i>".repeat(20_000)}</table><p>`],
    ["many ampersands", `${"&".repeat(100_000)}<p>`],
    [
      "a sentence without an end, and many short ones",
      `<p>${"a".repeat(200_000)}. ${"A. ".repeat(100_000)}`,
    ],
    ["lists within lists", `${"<ul><li>a".repeat(200)}${"</ul>".repeat(200)}<p>`],
  ])("%s: read all the same", (_name, hostile) => {
    expect(split(`<h1>H</h1>${hostile}end`).at(-1)).toMatchObject({ headings: ["H"] });
  });
});
