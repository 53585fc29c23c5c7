// The text of a DOCX as HTML, which keeps its headings, lists and tables, as mammoth reads it.
import { parsedLength } from "./html.ts";
import { peer } from "./peer.ts";
import { checkUnpacked } from "./unpacked.ts";

type Mammoth = typeof import("mammoth");

/** Of all that is in the file. */
const unpackedBytes = 128 * 1024 * 1024;

const endOfLine = /<\/(?:h[1-6]|li|p|tr)>/g;

/** Each paragraph is a line, so that lines tell places. Pictures are left out, and what a style map in the file says. */
export async function docxText(
  bytes: Uint8Array,
  load: () => Promise<{ default: Mammoth }> = () => import("mammoth"),
): Promise<string> {
  const { default: mammoth } = await peer("mammoth", load);
  checkUnpacked(bytes, unpackedBytes);
  const { value } = await mammoth.convertToHtml(
    { buffer: Buffer.from(bytes) },
    {
      convertImage: mammoth.images.imgElement(async () => ({ src: "" })),
      externalFileAccess: false,
      includeEmbeddedStyleMap: false,
    },
  );
  const text = value.replace(endOfLine, "$&\n");
  // Longer HTML would be read as plain text, tags and all.
  if (text.length > parsedLength)
    throw new Error(`has more than ${parsedLength} characters of HTML`);
  return text;
}
