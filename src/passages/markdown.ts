// Markdown to blocks under headings, as micromark reads CommonMark, GitHub's tables and YAML front matter.
import { fromMarkdown } from "mdast-util-from-markdown";
import { frontmatterFromMarkdown } from "mdast-util-frontmatter";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { toString as plainText } from "mdast-util-to-string";
import { frontmatter } from "micromark-extension-frontmatter";
import { gfmTable } from "micromark-extension-gfm-table";
import type { Block, Range, Section } from "./block.ts";
import { HeadingPath } from "./heading_path.ts";
import { plainTextSections } from "./plain_text.ts";

type Node = ReturnType<typeof fromMarkdown>["children"][number];
type Heading = Extract<Node, { type: "heading" }>;
type Table = Extract<Node, { type: "table" }>;

/**
 * What stands inside a paragraph is not looked at: it has no say in where to cut, takes most of the time, and on text
 * like 20,000 asterisks a time that grows with its square.
 */
const inline = [
  "attention",
  "autolink",
  "characterEscape",
  "characterReference",
  "codeText",
  "hardBreakEscape",
  "htmlText",
  "labelEnd",
  "labelStartImage",
  "labelStartLink",
];
/** Longer text is read as plain text: the worst takes the parser a gigabyte of memory for a megabyte, and 15 seconds. */
const parsedLength = 1024 * 1024;
/** Text of a heading that is read with all that stands inside it. */
const headingLength = 500;
/** Lists and quotations within each other that are cut between their blocks; deeper ones between lines. */
const cutDepth = 16;
/** Lists and quotations that are opened in one line: nobody writes so many, and the parser's time grows with their square. */
const tooManyOpened = /^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){100}/m;

export function markdownSections(text: string): Section[] {
  if (text.length > parsedLength || tooManyOpened.test(text)) return plainTextSections(text);
  const root = fromMarkdown(text, {
    extensions: [gfmTable(), frontmatter(), { disable: { null: inline } }],
    mdastExtensions: [gfmTableFromMarkdown(), frontmatterFromMarkdown()],
  });
  const sections: { headings: readonly string[]; blocks: Block[] }[] = [
    { headings: [], blocks: [] },
  ];
  const path = new HeadingPath();
  for (const node of root.children) {
    if (node.type === "heading") {
      sections.push({ headings: path.add(node.depth, headingText(text, node)), blocks: [] });
    } else if (node.type !== "thematicBreak" && node.type !== "definition") {
      sections.at(-1)!.blocks.push(blockOf(node));
    }
  }
  return sections;
}

/** Without emphasis, links and code marks. */
function headingText(text: string, { children }: Heading): string {
  const [first] = children;
  if (first === undefined) return "";
  const { start, end } = { start: rangeOf(first).start, end: rangeOf(children.at(-1)!).end };
  const line = text.slice(start, Math.min(end, start + headingLength)).replace(/\s+/g, " ");
  return plainText(fromMarkdown(`# ${line}`), { includeHtml: false }).trim();
}

function blockOf(node: Node, depth = 0): Block {
  const range = rangeOf(node);
  switch (node.type) {
    case "table":
      return tableOf(node);
    case "list":
    case "listItem":
    case "blockquote": {
      if (depth === cutDepth) return { ...range, parts: "lines" };
      const children: readonly Node[] = node.children;
      return { ...range, parts: children.map((child) => blockOf(child, depth + 1)) };
    }
    case "paragraph":
      return { ...range, parts: "sentences" };
    default:
      return { ...range, parts: "lines" };
  }
}

function tableOf(table: Table): Block {
  const range = rangeOf(table);
  const rows = table.children.slice(1).map((row): Block => ({ ...rangeOf(row), parts: "lines" }));
  if (rows.length === 0) return { ...range, parts: "lines" };
  // The row of dashes is no node: the head goes as far as the rows.
  return { ...range, parts: rows, head: { start: range.start, end: rows[0]!.start } };
}

/** What the parser has read has a position. */
function rangeOf({ position }: Pick<Node, "position">): Range {
  return { start: position!.start.offset!, end: position!.end.offset! };
}
