// Reads passages line by line, from a file or standard input: JSON lines or plain text, each with its bytes as they came.
import { createReadStream } from "node:fs";
import { QragError } from "../../base/errors.ts";
import type { Io } from "./io.ts";

/** A line with room for the longest passage, every character of it escaped. */
const longestLine = 32 * 1024 * 1024;

const newline = 0x0a;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** As it came, with its line end if it has one. */
  readonly bytes: Uint8Array;
  /** Without its line end. */
  readonly text: string;
}

export interface PassageLine extends Line {
  /** What JSON gave for the line; of a text line the text. */
  readonly value: unknown;
  /** The text to judge. */
  readonly passage: string;
}

export const lineFormats = ["auto", "jsonl", "text"] as const;
export type LineFormat = (typeof lineFormats)[number];

/** The bytes of a file, or of standard input for "-" and nothing. An interrupt ends it. */
export async function* readInput(
  io: Io,
  path: string | undefined,
): AsyncGenerator<Uint8Array, void> {
  io.signal.throwIfAborted();
  const input = path === undefined || path === "-" ? io.stdin : createReadStream(path);
  const stop = () => input.destroy();
  io.signal.addEventListener("abort", stop);
  try {
    yield* input;
  } catch (cause) {
    io.signal.throwIfAborted();
    const problem = (cause as Error).message;
    throw new QragError(
      "INPUT_INVALID",
      `${path ?? "Standard input"} could not be read: ${problem}`,
      { cause },
    );
  } finally {
    io.signal.removeEventListener("abort", stop);
    stop();
  }
}

/** The lines of a stream. A line may come in many pieces; only one is held. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let number = 0;
  const line = (): Line => {
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces = [];
    held = 0;
    number++;
    return { number, bytes, text: decode(bytes, number) };
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      pieces.push(chunk.subarray(start, end + 1));
      yield line();
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pieces.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > longestLine) throw badLine(number + 1, `is longer than ${longestLine} bytes`);
  }
  if (pieces.length > 0) yield line();
}

/**
 * The passages of a stream, one a line; blank lines are none. With "auto" the first passage decides for all: one that
 * begins like a JSON object or string is JSON.
 */
export async function* passagesOf(
  input: AsyncIterable<Uint8Array>,
  format: LineFormat,
): AsyncGenerator<PassageLine, void> {
  let json = format === "jsonl";
  let first = format === "auto";
  for await (const line of linesOf(input)) {
    if (line.text.trim() === "") continue;
    if (first) json = /^\s*[{"]/.test(line.text);
    first = false;
    if (!json) {
      yield { ...line, value: line.text, passage: line.text };
      continue;
    }
    const value = parseLine(line);
    const passage = (value as { text?: unknown } | null)?.text ?? value;
    if (String(passage) !== passage)
      throw badLine(line.number, "is neither a string nor an object with a text");
    yield { ...line, value, passage };
  }
}

/** A line as JSON. */
export function parseLine({ number, text }: Line): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badLine(
      number,
      `is not JSON: ${(cause as Error).message}. Use --format text for plain text.`,
      cause,
    );
  }
}

export function badLine(number: number, problem: string, cause?: unknown): QragError {
  return new QragError("INPUT_INVALID", `Line ${number} ${problem}`, { cause });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array, number: number): string {
  try {
    return utf8.decode(bytes).replace(/\r?\n$/, "");
  } catch (cause) {
    throw badLine(number, "is not valid UTF-8", cause);
  }
}
