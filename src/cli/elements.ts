// Reads a JSON array element by element, out of a stream of bytes; only one element is held.
import { badInput, badJson, type Line, longestLine } from "./lines.ts";

/** One pattern for what stands in a string, one for what stands outside. A piece of text may end within either. */
const stringParts = /"|\\|[^"\\]+/y;
const parts = /["[\]{},:]|[ \t\r\n]+|[^"[\]{},: \t\r\n]+/y;

/**
 * The elements as lines of their own: without the white space between their parts, otherwise byte for byte. That they
 * are parts of an array is checked here; whether each is JSON is for the caller to find out.
 */
export async function* elementsOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const array = new ArrayReader();
  const decode = (bytes?: Uint8Array) => {
    try {
      return utf8.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw badInput(`Line ${array.line}`, "is not valid UTF-8", cause);
    }
  };
  for await (const bytes of input) {
    for (const piece of piecesByLine(bytes)) yield* array.read(decode(piece));
  }
  decode();
  array.end();
}

/** So that a mistake is told with its line. */
function* piecesByLine(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = bytes.indexOf(0x0a, start) + 1 || bytes.length;
    yield bytes.subarray(start, end);
  }
}

class ArrayReader {
  /** Of what is being read, from 1. */
  line = 1;
  /** Brackets that are open, the array's own included: none before the array and behind it. */
  #depth = 0;
  #closed = false;
  #inString = false;
  #escaped = false;
  /** The element so far, where it began, and how many came before it. */
  #text = "";
  #begun = 1;
  #count = 0;
  /** The last part was one of a number, true, false or null; and there was white space behind it. */
  #word = false;
  #gap = false;

  *read(text: string): Generator<Line> {
    for (let at = 0; at < text.length; ) {
      const pattern = this.#inString ? stringParts : parts;
      pattern.lastIndex = at;
      const part = this.#escaped ? text[at]! : pattern.exec(text)![0];
      at += part.length;
      if (this.#inString) this.#readString(part);
      else yield* this.#readPart(part);
      this.line += part.split("\n").length - 1;
    }
  }

  end(): void {
    if (!this.#closed) throw badJson(`Line ${this.line}`, "is the last, and the array has no end");
  }

  #readString(part: string): void {
    this.#append(part);
    if (!this.#escaped && part === '"') this.#inString = false;
    this.#escaped = !this.#escaped && part === "\\";
  }

  *#readPart(part: string): Generator<Line> {
    if (/^[ \t\r\n]/.test(part)) {
      this.#gap = true;
    } else if (this.#depth === 0) {
      this.#open(part);
    } else if (this.#depth === 1 && part === ",") {
      yield this.#element("a comma and nothing before it");
    } else if (this.#depth === 1 && part === "]") {
      if (this.#text !== "" || this.#count > 0) yield this.#element("a comma before the end");
      this.#depth = 0;
      this.#closed = true;
    } else {
      this.#readValue(part);
    }
  }

  #open(part: string): void {
    const place = `Line ${this.line}`;
    if (this.#closed) throw badJson(place, "goes on behind the end of the array");
    if (part !== "[") throw badJson(place, "does not begin a JSON array");
    this.#depth = 1;
  }

  #readValue(part: string): void {
    const word = !/["[\]{},:]/.test(part);
    // Two words with space between them are no JSON, and must not become one word that is.
    if (word && this.#word && this.#gap) this.#append(" ");
    this.#append(part);
    this.#word = word;
    this.#gap = false;
    this.#inString = part === '"';
    if (/[[{]/.test(part)) this.#depth++;
    if (/[\]}]/.test(part)) this.#depth--;
    if (this.#depth === 0) throw badJson(`Line ${this.line}`, `has a ${part} too many`);
  }

  #append(part: string): void {
    if (this.#text === "") this.#begun = this.line;
    this.#text += part;
    if (this.#text.length <= longestLine) return;
    throw badInput(this.#place(), `is longer than ${longestLine} characters`);
  }

  #element(problem: string): Line {
    if (this.#text === "") throw badJson(`Line ${this.line}`, `is not JSON: ${problem}`);
    const place = this.#place();
    const text = this.#text;
    this.#text = "";
    this.#word = false;
    return { number: ++this.#count, place, text, bytes: Buffer.from(`${text}\n`) };
  }

  #place(): string {
    return `Element ${this.#count + 1} of the array (line ${this.#begun})`;
  }
}
