// The marks of HTML's lists: a hyphen, or the number that a browser would show.
import { attribute } from "./html_elements.ts";
import type { HtmlElement } from "./html_tree.ts";

/** Of an item, `depth` lists within others. */
export function markOf(list: HtmlElement, number: number, depth: number): string {
  return `${"  ".repeat(depth)}${isNumbered(list) ? `${number}.` : "-"} `;
}

export function numberOf(item: HtmlElement, last: number): number {
  return wholeNumber(attribute(item, "value")) ?? last + 1;
}

/** Of the item that a list begins behind. */
export function numberBefore(list: HtmlElement): number {
  return (wholeNumber(attribute(list, "start")) ?? 1) - 1;
}

/** Which number a list that counts down begins with is told by its end. */
function isNumbered(list: HtmlElement): boolean {
  return list.tagName === "ol" && attribute(list, "reversed") === undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}
