// The text of a PDF, page by page, as unpdf's build of PDF.js finds it.
import { peer } from "./peer.ts";

const limits = {
  pages: 10_000,
  /** Of the text, in UTF-16 units. */
  text: 16 * 1024 * 1024,
} as const;

/** Lines farther apart than so many times the page's usual distance are of two paragraphs. */
const paragraphDistance = 1.4;

type Unpdf = typeof import("unpdf");
type PdfDocument = Awaited<ReturnType<Unpdf["getDocumentProxy"]>>;
type PdfPage = Awaited<ReturnType<PdfDocument["getPage"]>>;
type Item = Awaited<ReturnType<PdfPage["getTextContent"]>>["items"][number];

interface Line {
  text: string;
  /** From the page's foot. */
  readonly height: number;
}

/** Each page ends with a form feed. */
export async function pdfText(
  bytes: Uint8Array,
  load: () => Promise<Unpdf> = () => import("unpdf"),
): Promise<string> {
  const { getDocumentProxy } = await peer("unpdf", load);
  const document = await getDocumentProxy(bytes, { verbosity: 0 }).catch((cause: Error) => {
    throw cause.name === "PasswordException" ? new Error("encrypted", { cause }) : cause;
  });
  try {
    const text = await pagesOf(document);
    if (text.trim() === "") throw new Error("has no text: its pages may be pictures");
    return text;
  } finally {
    await document.destroy();
  }
}

async function pagesOf(document: PdfDocument): Promise<string> {
  const { numPages } = document;
  if (numPages > limits.pages) throw new Error(`has more than ${limits.pages} pages`);
  let text = "";
  for (let number = 1; number <= numPages; number++) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    text += `${paragraphs(linesOf(items))}\f`;
    page.cleanup();
    if (text.length > limits.text) throw new Error(`has more than ${limits.text} characters`);
  }
  return text;
}

function linesOf(items: readonly Item[]): Line[] {
  const lines: Line[] = [];
  let ended = true;
  for (const item of items) {
    if (!("str" in item)) continue;
    const words = item.str.replace(/[\f\0]/g, " ");
    if (!ended) lines.at(-1)!.text += words;
    else if (words !== "") lines.push({ text: words, height: Number(item.transform[5]) });
    ended = item.hasEOL || (ended && words === "");
  }
  return lines.filter(({ text }) => text.trim() !== "");
}

function paragraphs(lines: readonly Line[]): string {
  const distances = lines.slice(1).map(({ height }, index) => lines[index]!.height - height);
  const down = distances.filter((distance) => distance > 0).sort((a, b) => a - b);
  const usual = down[down.length >> 1] ?? 0;
  return lines
    .map(({ text }, index) => {
      if (index === 0) return text;
      const distance = distances[index - 1]!;
      // Upwards: the next column.
      const apart = distance < 0 || distance > usual * paragraphDistance;
      return `${apart ? "\n\n" : "\n"}${text}`;
    })
    .join("");
}
