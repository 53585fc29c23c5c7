// Reads a tree of HTML: its text as somebody reads it, in blocks under headings.
import type { Block, Range } from "./block.ts";
import { HeadingPath } from "./heading_path.ts";
import { isLayout, type Kind, kindOf, visit } from "./html_elements.ts";
import { blockOf, type Group, type Row } from "./html_groups.ts";
import { markOf, numberBefore, numberOf } from "./html_lists.ts";
import type { HtmlElement, HtmlNode, HtmlText, HtmlTree } from "./html_tree.ts";
import { type Words, wordsOf, writtenOf } from "./html_words.ts";
import { gaps, ReadableText } from "./readable_text.ts";
import type { Reading } from "./reading.ts";
import type { Run } from "./runs.ts";

const headingLength = 500;
/** Lists, tables and quotations within each other that are kept apart; deeper ones are cut like paragraphs. */
const groupDepth = 16;

export class HtmlReader {
  readonly #tree: HtmlTree;
  readonly #text = new ReadableText();
  readonly #sections: { headings: readonly string[]; blocks: Block[] }[] = [
    { headings: [], blocks: [] },
  ];
  readonly #headings = new HeadingPath();
  readonly #groups: Group[] = [];
  /** What is being read; at most one of each. */
  #heading: { readonly element: HtmlElement; text: string } | undefined;
  #preformatted: HtmlElement | undefined;
  #row: Row | undefined;
  #cell: HtmlElement | undefined;
  /** Where the paragraph starts that is being read. */
  #start: number | undefined;

  constructor(tree: HtmlTree) {
    this.#tree = tree;
  }

  reading(): Reading {
    visit(this.#tree.root, {
      enter: (node) => this.#enter(node),
      leave: (node) => this.#leave(node),
    });
    this.#finishBlock();
    const text = this.#text;
    return {
      text: text.text,
      sections: this.#sections,
      sourceOf: (range: Range) => text.sourceOf(range),
    };
  }

  #enter(node: HtmlNode): boolean {
    if (node.nodeName === "#text") this.#addText(node as HtmlText);
    if (!("tagName" in node)) return "childNodes" in node;
    const kind = kindOf(node);
    // The title comes before all headings, or a browser does not show it where it stands.
    const isTitle = this.#headings.isEmpty && this.#groups.length === 0;
    if (kind === "hidden" || (kind === "title" && !isTitle)) return false;
    if (kind !== undefined) this.#begin(node, kind);
    return true;
  }

  #begin(element: HtmlElement, kind: Kind): void {
    // Its end is missing, or it has more in it than a heading.
    if (this.#heading && kind !== "break" && this.#heading.text.trim() !== "") this.#endHeading();
    // In these nothing but text counts.
    if (this.#heading || this.#cell || this.#preformatted) this.#boundary();
    else if (kind === "break") this.#text.gap(gaps.line);
    else if (kind === "cell" && this.#row) this.#openCell(element, this.#row);
    else {
      this.#boundary();
      this.#open(element, kind);
    }
  }

  #open(element: HtmlElement, kind: Kind): void {
    switch (kind) {
      case "title":
      case "heading":
        // In a list or a quotation it is a part of that.
        if (this.#groups.length === 0) this.#heading = { element, text: "" };
        break;
      case "preformatted":
        this.#preformatted = element;
        break;
      case "table":
        if (!isLayout(element)) this.#openGroup(element, kind);
        break;
      case "list":
      case "terms":
      case "quotation":
        this.#openGroup(element, kind);
        break;
      case "item":
        this.#openItem(element);
        break;
      case "row":
        if (this.#groups.at(-1)?.kind === "table") this.#row = { element, cells: 0, headers: 0 };
        break;
    }
  }

  #leave(node: HtmlNode): void {
    if (!("tagName" in node)) return;
    if (node === this.#heading?.element) this.#endHeading();
    else if (node === this.#cell) this.#cell = undefined;
    else if (node === this.#row?.element) this.#endRow(node);
    else if (node === this.#groups.at(-1)?.element) this.#endGroup();
    else this.#end(node, kindOf(node));
  }

  #end(node: HtmlElement, kind: Kind | undefined): void {
    if (kind === undefined || kind === "break") return;
    if (node === this.#preformatted) this.#endPreformatted();
    this.#boundary();
    if (kind === "caption") this.#moveCaption();
    // An item without text leaves its mark behind.
    if (kind === "item" && !this.#cell) this.#text.mark("");
  }

  #addText(node: HtmlText): void {
    const runs = this.#tree.runsOf(node);
    if (this.#heading) this.#heading.text += node.value;
    else if (this.#preformatted) for (const each of writtenOf(node, runs)) this.#put(each);
    // Between cells there is nothing but white space.
    else if (!this.#row || this.#cell) this.#addWords(node, runs);
  }

  #addWords(node: HtmlText, runs: readonly Run[]): void {
    const all = wordsOf(node, runs);
    let next = all.next();
    for (; !next.done; next = all.next()) {
      if (next.value.spaced) this.#text.gap(gaps.space);
      this.#put(next.value);
    }
    if (next.value) this.#text.gap(gaps.space);
  }

  #put({ words, from, to }: Words): void {
    const start = this.#text.put(words, from, to);
    this.#start ??= start;
  }

  /** Before and behind everything that is not in a line with other text. */
  #boundary(): void {
    if (this.#heading) this.#heading.text += " ";
    else if (this.#cell) this.#text.gap(gaps.space);
    else if (this.#preformatted) this.#text.gap(gaps.line);
    else {
      this.#finishBlock();
      const { kind } = this.#groups.at(-1) ?? {};
      this.#text.gap(kind === undefined || kind === "quotation" ? gaps.emptyLine : gaps.line);
    }
  }

  #finishBlock(parts: "sentences" | "lines" = "sentences"): void {
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined) this.#blocks().push({ start, end: this.#text.length, parts });
  }

  #blocks(): Block[] {
    return (this.#groups.at(-1) ?? this.#sections.at(-1)!).blocks;
  }

  #endPreformatted(): void {
    this.#preformatted = undefined;
    this.#finishBlock("lines");
  }

  #endHeading(): void {
    const { element, text } = this.#heading!;
    this.#heading = undefined;
    const shown = text.replaceAll("\u00ad", "").replace(/\s+/g, " ").trim();
    const depth = element.tagName === "title" ? 0 : Number(element.tagName.slice(1));
    const path = this.#headings.add(depth, shown.slice(0, headingLength));
    // Many a page has its title as its first heading, too.
    const headings = path.filter((each, index) => index === 0 || each !== path[index - 1]);
    this.#sections.push({ headings, blocks: [] });
    this.#text.gap(gaps.emptyLine);
  }

  #openGroup(element: HtmlElement, kind: Kind): void {
    if (this.#groups.length === groupDepth) return;
    const number = numberBefore(element);
    this.#groups.push({ element, kind, blocks: [], number, headed: false });
  }

  #endGroup(): void {
    this.#boundary();
    const block = blockOf(this.#groups.pop()!);
    if (block) this.#blocks().push(block);
    this.#boundary();
  }

  #openItem(element: HtmlElement): void {
    const lists = this.#groups.filter(({ kind }) => kind === "list");
    const list = lists.at(-1);
    if (!list) return;
    list.number = numberOf(element, list.number);
    this.#text.mark(markOf(list.element, list.number, lists.length - 1));
  }

  #openCell(element: HtmlElement, row: Row): void {
    this.#cell = element;
    if (element.tagName === "th") row.headers++;
    if (row.cells++ === 0) return;
    // The bar has its own spaces; at the beginning of a line it needs none before it.
    if (this.#start !== undefined) this.#text.noGap();
    const bar = this.#start === undefined && this.#text.marked === "" ? "| " : " | ";
    this.#text.mark(this.#text.marked + bar);
  }

  #endRow({ parentNode }: HtmlElement): void {
    const { cells, headers } = this.#row!;
    const group = this.#groups.at(-1)!;
    const named = parentNode?.nodeName === "thead" || (cells > 0 && cells === headers);
    this.#row = undefined;
    if (group.blocks.length === 0) group.headed = named && this.#start !== undefined;
    this.#finishBlock("lines");
    this.#text.mark("");
    this.#boundary();
  }

  /** A caption stands above its table, and is not its first row. */
  #moveCaption(): void {
    const group = this.#groups.at(-1);
    if (group?.kind !== "table" || group.blocks.length !== 1) return;
    const caption = group.blocks.pop()!;
    (this.#groups.at(-2) ?? this.#sections.at(-1)!).blocks.push(caption);
  }
}
