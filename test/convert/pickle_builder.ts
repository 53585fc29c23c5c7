// Writes pickles opcode by opcode: any bytes at all, and shorthands for what torch.save emits.
import { bytesOf, concat, fields } from "./zip_builder.ts";

/** A sequence of opcodes. */
export type Code = Uint8Array;

export function raw(...bytes: number[]): Code {
  return Uint8Array.from(bytes);
}

/** A whole pickle of protocol 2: its opening, the code, STOP. */
export function pickleOf(...code: Code[]): Uint8Array {
  return concat([raw(0x80, 2), ...code, raw(0x2e)]);
}

export const none = raw(0x4e);
export const mark = raw(0x28);
export const tuple = raw(0x74);
export const emptyTuple = raw(0x29);
export const emptyDict = raw(0x7d);
export const emptyList = raw(0x5d);
export const emptySet = raw(0x8f);
export const setItem = raw(0x73);
export const setItems = raw(0x75);
export const append = raw(0x61);
export const appends = raw(0x65);
export const reduce = raw(0x52);
export const newObject = raw(0x81);
export const build = raw(0x62);
export const persistentId = raw(0x51);
export const pop = raw(0x30);
export const popMark = raw(0x31);

export function text(value: string): Code {
  const bytes = bytesOf(value);
  return concat([raw(0x58), fields([4, bytes.length]), bytes]);
}

export function int(value: number): Code {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31) {
    return concat([raw(0x4a), fields([4, value >>> 0])]);
  }
  return concat([raw(0x8a, 8), fields([8, value])]);
}

export function float(value: number): Code {
  const bytes = new Uint8Array(9);
  bytes[0] = 0x47;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

export function global(module: string, name: string): Code {
  return bytesOf(`c${module}\n${name}\n`);
}

export function put(index: number): Code {
  return raw(0x71, index);
}

export function get(index: number): Code {
  return raw(0x68, index);
}

export function tupleOf(...items: Code[]): Code {
  return concat([mark, ...items, tuple]);
}

export function call(module: string, name: string, ...args: Code[]): Code {
  return concat([global(module, name), tupleOf(...args), reduce]);
}

export function orderedDict(): Code {
  return call("collections", "OrderedDict");
}

/** JavaScript values as Python's: objects as dicts, arrays as lists. Code goes in as it is. */
export function value(item: unknown): Code {
  if (item instanceof Uint8Array) return item;
  if (item === null) return none;
  if (typeof item === "boolean") return raw(item ? 0x88 : 0x89);
  if (typeof item === "string") return text(item);
  if (typeof item === "number") return Number.isInteger(item) ? int(item) : float(item);
  if (Array.isArray(item)) return concat([emptyList, mark, ...item.map(value), appends]);
  return dictOf(Object.entries(item as object));
}

export function dictOf(entries: [string, unknown][]): Code {
  const members = entries.map(([key, member]) => concat([text(key), value(member)]));
  return concat([emptyDict, mark, ...members, setItems]);
}
