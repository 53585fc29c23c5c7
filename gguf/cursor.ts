// Cursor: reads a header field by field, each checked against the bytes that are there before it is used.
import { GgufError, type GgufErrorKind, limits, type Scalar, type ScalarType } from "./format.ts";
import { numberFormats } from "./scalars.ts";

/** Thrown when the header goes on beyond the bytes at hand, though not beyond the file: read `needed` or more, start again. */
export class HeaderIncomplete extends Error {
  readonly needed: number;

  constructor(needed: number) {
    super(`the header goes on to byte ${needed} at least`);
    this.needed = needed;
  }
}

// A byte-order mark is part of a text here, and bad UTF-8 must not pass as U+FFFD.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class Cursor {
  /** The metadata key or the tensor that is being read, for errors. */
  subject: string | undefined;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #fileSize: number;
  /** Where the bytes at hand end. */
  readonly #end: number;
  #offset = 0;

  /** `bytes` is the whole file or its first part. */
  constructor(bytes: Uint8Array, fileSize: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileSize = fileSize;
    this.#end = Math.min(bytes.length, fileSize, limits.headerBytes);
  }

  get offset(): number {
    return this.#offset;
  }

  fail(kind: GgufErrorKind, problem: string, offset = this.#offset): never {
    const key = this.subject;
    throw new GgufError(kind, problem, key === undefined ? { offset } : { offset, key });
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  /** A u64 that must not exceed `most`, which is below 2^53. */
  count(what: string, most: number): number {
    const at = this.#take(8, what);
    const value = this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (value > most) {
      const exact = this.#view.getBigUint64(at, true);
      this.fail("invalid", `${what} is ${exact}, more than the ${most} allowed`, at);
    }
    return value;
  }

  string(what: string, maxBytes: number): string {
    const length = this.count(`the length of ${what}`, maxBytes);
    const at = this.#take(length, what);
    const text = this.#bytes.toString("utf8", at, at + length);
    // Buffer decodes fastest and replaces what is no UTF-8; only a text with U+FFFD needs the second look.
    return text.includes("\ufffd") ? this.#strict(what, at, length) : text;
  }

  /** `count` values of one type. */
  scalars(type: ScalarType, count: number): Scalar[] {
    if (type === "string") return this.#strings(count);
    if (type === "bool") return this.#bools(count);
    const { bytes, get } = numberFormats[type];
    const begin = this.#take(count * bytes, "the value");
    const values: Scalar[] = [];
    for (let index = 0; index < count; index++) {
      values.push(get(this.#view, begin + index * bytes));
    }
    return values;
  }

  #strings(count: number): string[] {
    const values: string[] = [];
    while (values.length < count) values.push(this.string("the value", limits.stringBytes));
    return values;
  }

  #bools(count: number): boolean[] {
    const begin = this.#take(count, "the value");
    const values: boolean[] = [];
    for (let at = begin; at < begin + count; at++) {
      const byte = this.#bytes[at]!;
      if (byte > 1) this.fail("invalid", `a bool is ${byte}, neither 0 nor 1`, at);
      values.push(byte === 1);
    }
    return values;
  }

  #strict(what: string, at: number, length: number): string {
    try {
      return strictUtf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      return this.fail("invalid", `${what} is not UTF-8`, at);
    }
  }

  /** Moves over `length` bytes and returns where they begin. */
  #take(length: number, what: string): number {
    const begin = this.#offset;
    const end = begin + length;
    if (end > this.#end) {
      if (end > this.#fileSize) this.#endsInside(what, length);
      if (end > limits.headerBytes) {
        this.fail("invalid", `the header is larger than the ${limits.headerBytes} bytes allowed`);
      }
      throw new HeaderIncomplete(end);
    }
    this.#offset = end;
    return begin;
  }

  #endsInside(what: string, length: number): never {
    const left = this.#fileSize - this.#offset;
    this.fail(
      "truncated",
      `the file ends inside ${what}: ${length} bytes are needed, ${left} left`,
    );
  }
}
