// What the elements of HTML are to somebody who reads the text.
import type { HtmlElement, HtmlNode } from "./html_tree.ts";

export type Kind =
  | "block"
  | "break"
  | "caption"
  | "cell"
  | "heading"
  | "hidden"
  | "item"
  | "list"
  | "preformatted"
  | "quotation"
  | "row"
  | "table"
  | "terms"
  | "title";

const names: Record<Kind, string> = {
  block:
    "address article aside body center dd details dialog dir div dt fieldset figcaption figure footer form head header " +
    "hgroup hr html legend main optgroup option p search section summary tbody tfoot thead",
  break: "br",
  caption: "caption",
  cell: "td th",
  heading: "h1 h2 h3 h4 h5 h6",
  hidden:
    "annotation audio canvas datalist embed iframe nav noembed noframes noscript object rp script select style svg " +
    "template textarea video",
  item: "li",
  list: "menu ol ul",
  preformatted: "listing plaintext pre xmp",
  quotation: "blockquote",
  row: "tr",
  table: "table",
  terms: "dl",
  title: "title",
};

const kinds = new Map(
  Object.entries(names).flatMap(([kind, list]) =>
    list.split(" ").map((name): [string, Kind] => [name, kind as Kind]),
  ),
);

/** Undefined for what stands in a line with other text. */
export function kindOf(element: HtmlElement): Kind | undefined {
  return isHidden(element) ? "hidden" : kinds.get(element.tagName);
}

const hidingStyle = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b/i;

/** Style sheets are not looked at. */
function isHidden(element: HtmlElement): boolean {
  return (
    attribute(element, "hidden") !== undefined ||
    attribute(element, "aria-hidden") === "true" ||
    attribute(element, "role") === "navigation" ||
    hidingStyle.test(attribute(element, "style") ?? "") ||
    (element.tagName === "dialog" && attribute(element, "open") === undefined)
  );
}

export function attribute(element: HtmlElement, name: string): string | undefined {
  return element.attrs.find((each) => each.name === name)?.value;
}

/** What only a table that lays out a page has in it. */
const layout: readonly (Kind | undefined)[] = ["heading", "preformatted", "table"];

export function isLayout(table: HtmlElement): boolean {
  if (attribute(table, "role") === "presentation") return true;
  let found = false;
  visit(table, {
    enter(node) {
      found ||= node !== table && "tagName" in node && layout.includes(kindOf(node));
      return !found;
    },
    leave() {},
  });
  return found;
}

export interface Visitor {
  /** Returns whether to go into the node. */
  enter(node: HtmlNode): boolean;
  /** Of the nodes that were gone into. */
  leave(node: HtmlNode): void;
}

/** In the order of the document; not by recursion, since nesting may be deep. */
export function visit(root: HtmlNode, { enter, leave }: Visitor): void {
  const open: { node: HtmlNode; next: number }[] = [];
  const look = (node: HtmlNode) => {
    if (enter(node)) open.push({ node, next: 0 });
  };
  look(root);
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const child = "childNodes" in last.node ? last.node.childNodes[last.next++] : undefined;
    if (child) {
      look(child);
    } else {
      open.pop();
      leave(last.node);
    }
  }
}
