// A table of the page, wide ones scrolled sideways.
import { escaped, tag } from "./markup.ts";

/** Cells are markup. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = head.map((cell) => tag("th", { scope: "col" }, escaped(cell)));
  const body = rows.map(([first = "", ...cells]) =>
    tag("tr", {}, tag("th", { scope: "row" }, first), ...cells.map((cell) => tag("td", {}, cell))),
  );
  const content = [tag("thead", {}, tag("tr", {}, ...heads)), tag("tbody", {}, ...body)];
  return tag("div", { class: "scroll", tabindex: 0 }, tag("table", {}, ...content));
}
