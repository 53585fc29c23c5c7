// The state of the pickle interpreter: operands, stack, memo, and the budgets that bound them.
import type { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { type Pickled, PickledGlobal } from "./pickle_values.ts";

/** Real checkpoints stay far below each; together they bound the time and memory a hostile one can take. */
export const pickleLimits = {
  /** A pickle holds names and sizes, never weights. Bounds every string in it as well. */
  bytes: 64 * 1024 * 1024,
  /** A tensor takes about 40. */
  opcodes: 10_000_000,
  /** Lists, dicts, sets, tuples, records, names: a tensor takes about 8. */
  objects: 1_000_000,
  stack: 1_000_000,
  memo: 1_000_000,
  /** Open marks, one for each level of nested literals. */
  marks: 1_000,
  /** Integers: random seeds of 128 bits occur. */
  integerBytes: 32,
  /** Names of modules and classes. */
  nameLength: 1_024,
} as const;

export class PickleMachine {
  /** Every module.name the pickle mentions. */
  readonly globals = new Set<string>();
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  private readonly stack: Pickled[] = [];
  /** Heights of the stack at the open marks. */
  private readonly marks: number[] = [];
  /** A Map, so that an entry numbered 2^32 - 1 costs no more than any other. */
  private readonly memo = new Map<number, Pickled>();
  private objects = 0;
  private at = 0;
  private opcodeAt = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  error(reason: string): QragError {
    return invalid(`pickle, byte ${this.opcodeAt}: ${reason}`);
  }

  opcode(): number {
    this.opcodeAt = this.at;
    return this.byte();
  }

  /** The value that is left at the end, which must be the last of everything. */
  finish(): Pickled {
    if (this.at !== this.bytes.length) throw this.error("there are bytes behind its end");
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) {
      throw this.error("it ends with more than one value");
    }
    return value;
  }

  // Operands.

  byte(): number {
    return this.bytes[this.skip(1)]!;
  }
  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }
  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }
  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }
  /** A length of 64 bits. One that a number does not hold exactly is longer than any pickle anyhow. */
  length64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }
  integer(length: number): number | bigint {
    if (length > pickleLimits.integerBytes) throw this.error(`an integer has ${length} bytes`);
    let value = 0n;
    for (const [index, byte] of this.take(length).entries()) {
      value |= BigInt(byte) << BigInt(8 * index);
    }
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }
  string(length: number): string {
    const bytes = this.take(length);
    try {
      return this.text.decode(bytes);
    } catch {
      throw this.error("a string is not UTF-8");
    }
  }
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.error("it is cut off");
    const line = this.string(end - this.at);
    this.skip(1);
    return line;
  }
  /** Frames only help to read a pickle from a stream. */
  frame(): void {
    if (this.length64() > this.bytes.length - this.at) throw this.error("it is cut off");
  }
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }
  private skip(length: number): number {
    if (length > this.bytes.length - this.at) throw this.error("it is cut off");
    const start = this.at;
    this.at += length;
    return start;
  }

  // The stack. Values below the topmost mark are out of reach.

  push(value: Pickled): void {
    if (this.stack.length >= pickleLimits.stack) {
      throw this.error(`its stack exceeds ${pickleLimits.stack} values`);
    }
    this.stack.push(value);
  }
  /** Pushes something that is not a plain value. */
  pushObject(value: Pickled): void {
    this.objects++;
    if (this.objects > pickleLimits.objects) {
      throw this.error(`it makes more than ${pickleLimits.objects} objects`);
    }
    this.push(value);
  }
  pop(): Pickled {
    const value = this.top();
    this.stack.pop();
    return value;
  }
  top(): Pickled {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) {
      throw this.error("a value is missing on its stack");
    }
    return this.stack.at(-1)!;
  }
  mark(): void {
    if (this.marks.length >= pickleLimits.marks) {
      throw this.error(`it is nested deeper than ${pickleLimits.marks}`);
    }
    this.marks.push(this.stack.length);
  }
  popToMark(): Pickled[] {
    const height = this.marks.pop();
    if (height === undefined) throw this.error("a mark is missing on its stack");
    return this.stack.splice(height);
  }

  // The memo.

  put(index: number): void {
    if (this.memo.has(index)) throw this.error(`memo entry ${index} is set twice`);
    if (this.memo.size >= pickleLimits.memo) {
      throw this.error(`its memo exceeds ${pickleLimits.memo} entries`);
    }
    this.memo.set(index, this.top());
  }
  memoize(): void {
    this.put(this.memo.size);
  }
  get(index: number): Pickled {
    const value = this.memo.get(index);
    if (value === undefined) throw this.error(`memo entry ${index} is not set`);
    return value;
  }

  global(module: Pickled, name: Pickled): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.error("a class is named by something that is not text");
    }
    if (module.length > pickleLimits.nameLength || name.length > pickleLimits.nameLength) {
      throw this.error(`the class name ${quote(`${module}.${name}`)} is too long`);
    }
    const global = new PickledGlobal(module, name);
    this.globals.add(global.path);
    this.pushObject(global);
  }
}
