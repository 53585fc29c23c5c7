// How a document's text is written, which its path's ending tells.
import { extname } from "node:path";

/** "pages": plain text with a form feed behind each page, as it is taken from a PDF. */
export type Format = "markdown" | "html" | "pages" | "plain";

const formats = new Map<string, Format>([
  [".md", "markdown"],
  [".markdown", "markdown"],
  [".html", "html"],
  [".htm", "html"],
  [".docx", "html"],
  [".pdf", "pages"],
  [".txt", "plain"],
]);

/** What is looked for in a folder. */
export const documentEndings: readonly string[] = [...formats.keys()];

/** Anything unknown is plain text. */
export function formatOf(path: string): Format {
  return formats.get(endingOf(path)) ?? "plain";
}

export function endingOf(path: string): string {
  return extname(path).toLowerCase();
}
