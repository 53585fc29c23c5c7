// Text into HTML and SVG: escaped, and numbers short.

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escaped(text: string): string {
  // What has no place in XML, or turns the direction of the text after it, is shown as a mark.
  const shown = text.replace(/[^\P{C}\n\t]/gu, "\u{fffd}");
  return shown.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** An element; the attributes are escaped, the children are markup. */
export function tag(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === "number" ? short(value) : escaped(value)}"`,
  );
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

export function text(
  content: string,
  attributes: Readonly<Record<string, string | number>>,
): string {
  return tag("text", attributes, escaped(content));
}

/** A tenth of a pixel is as much as anyone sees. */
function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
