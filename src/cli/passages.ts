// Reads passages out of a stream: plain text or JSON, one a line, or the elements of a JSON array.
import { elementsOf } from "./elements.ts";
import { badInput, badJson, type Line, linesOf, longestLine } from "./lines.ts";

export interface PassageLine extends Line {
  /** What JSON gave for the line; of a text line the text. */
  readonly value: unknown;
  /** The text to judge. */
  readonly passage: string;
}

/** JSON lines, one JSON array, plain lines; "auto" tells them apart. */
export const passageFormats = ["auto", "jsonl", "json", "text"] as const;
export type PassageFormat = (typeof passageFormats)[number];

/** Where an object has its text: the first of these that is a string. */
const textFields = ["text", "passage", "content"] as const;

export const passagesHelp =
  'JSON strings, or objects with a "text", "passage" or "content", one a line or in an array; or lines of plain text';
export const formatHelp = "auto, jsonl, json (an array) or text; auto goes by how the input begins";

/** The passages of a stream; blank lines are none. */
export async function* passagesOf(
  input: AsyncIterable<Uint8Array>,
  format: PassageFormat,
): AsyncGenerator<PassageLine, void> {
  const told = format === "auto" ? await toldApart(input) : { format, input };
  const lines = told.format === "json" ? elementsOf(told.input) : linesOf(told.input);
  for await (const line of lines) {
    if (line.text.trim() === "") continue;
    if (told.format === "text") yield { ...line, value: line.text, passage: line.text };
    else yield jsonPassage(line);
  }
}

function jsonPassage(line: Line): PassageLine {
  const value = parsed(line);
  const passage = textFields.map((name) => Object(value)[name]).find(isString);
  if (passage !== undefined) return { ...line, value, passage };
  if (isString(value)) return { ...line, value, passage: value };
  const problem = 'is neither a string nor an object with a "text", "passage" or "content"';
  throw badJson(line.place, problem);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function parsed({ place, text }: Line): unknown {
  if (isDeep(text)) throw badInput(place, `is nested more than ${deepest} levels deep`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badJson(place, `is not JSON: ${(cause as Error).message}`, cause);
  }
}

/** What is deeper can be parsed but not printed: JSON.stringify takes a piece of the stack for every level. */
const deepest = 1000;

function isDeep(text: string): boolean {
  if (text.split(/[[{]/, deepest + 2).length <= deepest + 1) return false;
  let depth = 0;
  let inString = false;
  for (const [part] of text.matchAll(/\\.|["[\]{}]/gs)) {
    if (part === '"') inString = !inString;
    else if (inString) continue;
    else if (part === "[" || part === "{") depth++;
    else if (part === "]" || part === "}") depth--;
    if (depth > deepest) return true;
  }
  return false;
}

/** Reads until it is clear what the input is, and gives it back whole. */
async function toldApart(input: AsyncIterable<Uint8Array>) {
  const iterator = input[Symbol.asyncIterator]();
  const utf8 = new TextDecoder();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let start = "";
  let format: PassageFormat | undefined;
  while (format === undefined) {
    const { done, value } = await iterator.next();
    if (!done) held.push(value);
    heldBytes += value?.length ?? 0;
    if (heldBytes > longestLine)
      throw badInput("The input", `begins with ${heldBytes} blank bytes`);
    start = (start + utf8.decode(value, { stream: !done })).trimStart();
    format = formatOf(start, done === true);
  }
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* held.splice(0);
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { format, input: whole() };
}

/** A first line of more characters is no short text in brackets, and no array worth the wait. */
const longestGuess = 65_536;

/** Told by the first character that is no white space, and what follows it; undefined while that is not there yet. */
function formatOf(start: string, ended: boolean): PassageFormat | undefined {
  if (start === "") return ended ? "text" : undefined;
  if (/^[{"]/.test(start)) return "jsonl";
  if (!start.startsWith("[")) return "text";
  if (/^\[(\s*["{\]]|[ \t\r]*\n)/.test(start)) return "json";
  // "[1] A footnote" is text, and [1, 2] an array, if not one of passages: the whole line tells.
  const line = start.slice(0, longestGuess + 1).split("\n", 1)[0]!;
  if (line.length === start.length && !ended) return undefined;
  return isArray(line) ? "json" : "text";
}

function isArray(line: string): boolean {
  try {
    return Array.isArray(JSON.parse(line));
  } catch {
    return false;
  }
}
