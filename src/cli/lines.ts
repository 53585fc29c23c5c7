// Reads a file or standard input line by line, each with its bytes as they came.
import { createReadStream } from "node:fs";
import { QragError } from "../../base/errors.ts";
import type { Io } from "./io.ts";

/** A line with room for the longest passage, every character of it escaped. */
export const longestLine = 32 * 1024 * 1024;

const newline = 0x0a;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** How errors name it. */
  readonly place: string;
  /** As it came, with its line end if it has one. */
  readonly bytes: Uint8Array;
  /** Without its line end. */
  readonly text: string;
}

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
    const place = `Line ${number}`;
    return { number, place, bytes, text: decode(bytes, place) };
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
    if (held > longestLine)
      throw badInput(`Line ${number + 1}`, `is longer than ${longestLine} bytes`);
  }
  if (pieces.length > 0) yield line();
}

export function badInput(place: string, problem: string, cause?: unknown): QragError {
  return new QragError("INPUT_INVALID", `${place} ${problem}`, { cause });
}

/** What looks like JSON and is not may be plain text. */
export function badJson(place: string, problem: string, cause?: unknown): QragError {
  return badInput(place, `${problem}. Use --format text for plain text.`, cause);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array, place: string): string {
  try {
    return utf8.decode(bytes).replace(/\r?\n$/, "");
  } catch (cause) {
    throw badInput(place, "is not valid UTF-8", cause);
  }
}
