// Parses the JSON header of a safetensors file: only the shape the format allows, and no key twice. JSON.parse
// would keep the last of two equal keys silently, and round large integers.
import type { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { maximumTensors } from "./source_tensor.ts";

export interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

const maximumRank = 16;

export function invalidSafetensors(reason: string): QragError {
  return invalid(`not a valid safetensors file: ${reason}`);
}

export function parseSafetensorsHeader(text: string): SafetensorsHeader {
  const scanner = new Scanner(text);
  const tensors = new Map<string, HeaderEntry>();
  let metadata: ReadonlyMap<string, string> | undefined;
  scanner.object((key) => {
    if (key === "__metadata__") {
      if (metadata) throw scanner.error("__metadata__ occurs twice");
      metadata = readMetadata(scanner);
      return;
    }
    if (tensors.has(key)) throw scanner.error(`tensor ${quote(key)} occurs twice`);
    if (tensors.size >= maximumTensors) throw scanner.error(`more than ${maximumTensors} tensors`);
    tensors.set(key, readEntry(scanner, key));
  });
  scanner.end();
  return { tensors, metadata: metadata ?? new Map() };
}

function readMetadata(scanner: Scanner): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  scanner.object((key) => {
    if (metadata.has(key)) throw scanner.error(`__metadata__ has ${quote(key)} twice`);
    metadata.set(key, scanner.string());
  });
  return metadata;
}

function readEntry(scanner: Scanner, name: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: readonly number[] | undefined;
  let offsets: readonly number[] | undefined;
  scanner.object((key) => {
    if (key === "dtype" && dtype === undefined) dtype = scanner.string();
    else if (key === "shape" && !shape) shape = scanner.integers(maximumRank);
    else if (key === "data_offsets" && !offsets) offsets = scanner.integers(2);
    else throw scanner.error(`tensor ${quote(name)} has ${quote(key)}, unknown or twice`);
  });
  const [begin, end] = offsets ?? [];
  if (dtype === undefined || !shape || begin === undefined || end === undefined) {
    throw scanner.error(`tensor ${quote(name)} lacks dtype, shape or data_offsets`);
  }
  return { dtype, shape, begin, end };
}

/** Just enough JSON. Escapes in strings are left to JSON.parse, one string at a time. */
class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  error(reason: string): QragError {
    return invalidSafetensors(`header, character ${this.at}: ${reason}`);
  }

  /** Calls `member` with each key; it reads the value. */
  object(member: (key: string) => void): void {
    this.expect("{");
    if (this.accept("}")) return;
    do {
      const key = this.string();
      this.expect(":");
      member(key);
    } while (this.accept(","));
    this.expect("}");
  }

  string(): string {
    this.space();
    if (this.text[this.at] !== '"') throw this.error("a string is expected");
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    const literal = this.text.slice(this.at, end + 1);
    try {
      const value = JSON.parse(literal) as string;
      this.at = end + 1;
      return value;
    } catch {
      throw this.error("a string is malformed");
    }
  }

  integers(limit: number): number[] {
    const values: number[] = [];
    this.expect("[");
    if (this.accept("]")) return values;
    do {
      if (values.length >= limit) throw this.error(`a list is longer than ${limit}`);
      values.push(this.integer());
    } while (this.accept(","));
    this.expect("]");
    return values;
  }

  end(): void {
    this.space();
    if (this.at !== this.text.length) throw this.error("something follows the header's last brace");
  }

  private integer(): number {
    this.space();
    const start = this.at;
    while (this.text[this.at]! >= "0" && this.text[this.at]! <= "9") this.at++;
    const digits = this.text.slice(start, this.at);
    const value = Number(digits);
    if (digits === "" || !Number.isSafeInteger(value) || String(value) !== digits) {
      throw this.error("a plain whole number up to 2^53 - 1 is expected");
    }
    return value;
  }

  private expect(character: string): void {
    if (!this.accept(character)) throw this.error(`${quote(character)} is expected`);
  }

  private accept(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }
}
