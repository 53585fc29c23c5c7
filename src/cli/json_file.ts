// Reads a small JSON file that a command is given: a name map, a prompt.
import { QragError } from "../../base/errors.ts";
import type { Io } from "./io.ts";
import { readInput } from "./lines.ts";

/** Thousands of tensor names fit; a wrong path to something large is told at once. */
const maxBytes = 4 * 1024 * 1024;

/** The strings of a JSON object. Names come as a Map: "__proto__" is a name like any other. */
export async function readStrings(io: Io, path: string): Promise<Map<string, string>> {
  const value = await readJson(io, path);
  const strings = new Map<string, string>();
  for (const [name, text] of Object.entries(Object(value))) {
    if (String(text) !== text || Array.isArray(value))
      throw bad(path, "holds something that is no string");
    strings.set(name, text);
  }
  if (strings.size === 0) throw bad(path, "is no JSON object with strings in it");
  return strings;
}

export async function readJson(io: Io, path: string): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of readInput(io, path)) {
    length += bytes.length;
    if (length > maxBytes) throw bad(path, `is longer than ${maxBytes} bytes`);
    pieces.push(bytes);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(pieces)));
  } catch (cause) {
    throw bad(path, `is not JSON: ${(cause as Error).message}`, cause);
  }
}

function bad(path: string, problem: string, cause?: unknown): QragError {
  return new QragError("INPUT_INVALID", `${path} ${problem}`, { cause });
}
