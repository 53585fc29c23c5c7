// HTML as it reads: parsed where that takes no unreasonable time and memory, else as plain text.
import { HtmlReader } from "./html_reader.ts";
import { htmlTree } from "./html_tree.ts";
import { plainTextSections } from "./plain_text.ts";
import { asWritten, type Reading } from "./reading.ts";

/** Of longer text, the tree could take gigabytes. */
export const parsedLength = 4 * 1024 * 1024;

/** Text without a tag has had them taken out already: it is plain text, whatever its path says. */
const tag = /<[a-z!?/]/i;

export function htmlReading(source: string): Reading {
  const parsed = source.length <= parsedLength && tag.test(source);
  const tree = parsed ? htmlTree(source) : undefined;
  return tree ? new HtmlReader(tree).reading() : asWritten(source, plainTextSections(source));
}
