// Text out of PDF and DOCX files: what their passages say and cite, and files that cannot be read.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { documentsIn } from "../../src/passages/documents.ts";
import { docxText } from "../../src/passages/docx.ts";
import { pdfText } from "../../src/passages/pdf.ts";
import { splitDocument } from "../../src/passages/split.ts";
import { checkUnpacked } from "../../src/passages/unpacked.ts";
import { buildZip } from "../convert/zip_builder.ts";
import { collect } from "../src/fakes.ts";
import { docxOf, encrypted, paragraph, pdfOf } from "./files.ts";

// The extracting thread first has to read TypeScript; a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000 });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-extraction-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(files: Record<string, Uint8Array>) {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const unreadable: Record<string, string> = {};
  const documents = await collect(
    documentsIn(folder, ({ path, reason }) => {
      unreadable[basename(path)] = reason;
    }),
  );
  return { documents, unreadable };
}

const report = [
  `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Care</w:t></w:r></w:p>`,
  paragraph("Descale the machine &amp; rinse it."),
  paragraph("Water", "Heading2"),
  `<w:tbl><w:tr><w:tc>${paragraph("hardness")}</w:tc><w:tc>${paragraph("days")}</w:tc></w:tr></w:tbl>`,
].join("");

const styles = {
  name: "word/styles.xml",
  data: new TextEncoder().encode(
    `<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${[1, 2]
      .map(
        (n) =>
          `<w:style w:type="paragraph" w:styleId="Heading${n}"><w:name w:val="heading ${n}"/></w:style>`,
      )
      .join("")}</w:styles>`,
  ),
};

const relations = {
  name: "word/_rels/document.xml.rels",
  data: new TextEncoder().encode(
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`,
  ),
};

describe("a folder with PDF and DOCX files", () => {
  it("gives their text, and goes on where there is none", async () => {
    const paper = pdfOf([["First page.", "Second line."], ["Third page."]]);
    const { documents, unreadable } = await read({
      "a.pdf": paper,
      "b.pdf": paper.slice(0, 100),
      "c.pdf": pdfOf([["secret"]], encrypted),
      "d.pdf": pdfOf([[]]),
      "e.docx": docxOf(report, [styles, relations]),
      "f.docx": new TextEncoder().encode("no archive"),
      "g.docx": buildZip([{ name: "a.txt", data: new Uint8Array(3) }]),
      "h.md": new TextEncoder().encode("behind them"),
    });
    expect(documents.map(({ path }) => basename(path))).toEqual(["a.pdf", "e.docx", "h.md"]);
    expect(unreadable).toEqual({
      "b.pdf": expect.stringMatching(/\S/),
      "c.pdf": "encrypted",
      "d.pdf": "has no text: its pages may be pictures",
      "f.docx": "damaged, encrypted, or not what its ending says",
      "g.docx": expect.stringMatching(/\S/),
    });
    const [pdf, docx] = documents.map((document) => splitDocument(document));
    expect(pdf).toMatchObject([
      {
        text: "page 1\nFirst page.\nSecond line.",
        headings: ["page 1"],
        line: 1,
        start: 0,
        end: 24,
      },
      { text: "page 2\nThird page.", headings: ["page 2"], line: 2, start: 25 },
    ]);
    expect(docx).toMatchObject([
      { text: "Care\nDescale the machine & rinse it.", headings: ["Care"], line: 2 },
      { text: "Care > Water\nhardness | days", headings: ["Care", "Water"], line: 4 },
    ]);
  });

  it("stops when it is told to", async () => {
    await writeFile(join(folder, "a.pdf"), pdfOf([["text"]]));
    const stop = new AbortController();
    const signal = stop.signal;
    const isKnown = () => {
      setImmediate(() => stop.abort(new Error("enough")));
      return false;
    };
    const all = collect(documentsIn(folder, () => {}, { isKnown, signal }));
    await expect(all).rejects.toThrow("enough");
  });
});

describe("a PDF", () => {
  it("has paragraphs where its lines are farther apart", async () => {
    const text = await pdfText(pdfOf([["One", "two.", "", "Three", "four."]]));
    expect(text).toBe("One\ntwo.\n\nThree\nfour.\f");
  });
});

describe("a package that is not installed", () => {
  const absent = () =>
    Promise.reject(Object.assign(new Error("Cannot find it"), { code: "ERR_MODULE_NOT_FOUND" }));

  it("is named, with what installs it", async () => {
    await expect(pdfText(pdfOf([["x"]]), absent)).rejects.toThrow(/npm i unpdf$/);
    await expect(docxText(docxOf(""), absent)).rejects.toThrow(/npm i mammoth$/);
  });
});

describe("what an archive unpacks to", () => {
  const stored = { name: "a", data: new Uint8Array(600) };
  const zeros = deflateRawSync(new Uint8Array(100_000));
  // It says that it is small.
  const bomb = (size: number) => ({
    name: "b",
    data: zeros,
    local: { method: 8, size },
    central: { method: 8, size },
  });

  it("is limited, whatever it says of itself", () => {
    const small = { ...bomb(100_000), data: deflateRawSync(new Uint8Array(300)) };
    expect(() => checkUnpacked(buildZip([stored, small]), 1000)).not.toThrow();
    expect(() => checkUnpacked(buildZip([stored, stored]), 1000)).toThrow(/more than 1000 bytes/);
    expect(() => checkUnpacked(buildZip([bomb(10)]), 1000)).toThrow(/more than 1000 bytes/);
  });

  it("is told as damage where it cannot be known", () => {
    const whole = buildZip([stored]);
    for (const bytes of [
      new Uint8Array(),
      whole.slice(0, -1),
      whole.slice(10),
      buildZip([stored], { end: { count: 2 } }),
      buildZip([stored], { end: { offset: 0xfffffff0 } }),
      Buffer.concat([Buffer.from("before"), whole]),
      buildZip([{ ...bomb(10), data: Uint8Array.of(1, 2, 3) }]),
      buildZip([{ ...stored, central: { stored: 5000 } }]),
    ]) {
      expect(() => checkUnpacked(bytes, 1000)).toThrow(/^damaged/);
    }
  });
});
