// What of HTML is kept together: the blocks of a list, a table or a quotation.
import type { Block } from "./block.ts";
import type { Kind } from "./html_elements.ts";
import type { HtmlElement } from "./html_tree.ts";

export interface Group {
  readonly element: HtmlElement;
  readonly kind: Kind;
  readonly blocks: Block[];
  /** Of the last item. */
  number: number;
  /** Its first block is a table's header. */
  headed: boolean;
}

/** Of a table. */
export interface Row {
  readonly element: HtmlElement;
  cells: number;
  headers: number;
}

/** Undefined where there is nothing in it. */
export function blockOf({ blocks, headed }: Group): Block | undefined {
  const [first, second] = blocks;
  if (!first) return undefined;
  const range = { start: first.start, end: blocks.at(-1)!.end };
  // The header goes as far as the row behind it.
  const head = headed && second ? { start: first.start, end: second.start } : undefined;
  return { ...range, parts: blocks, ...(head && { head }) };
}
