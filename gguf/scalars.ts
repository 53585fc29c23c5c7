// How each scalar type of GGUF metadata is stored: its number in the file, its bytes, its range.
import type { ScalarType, ValueTypes } from "./format.ts";

/** Type number of each scalar; an array's is 9. */
export const scalarIds: Readonly<Record<ScalarType, number>> = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  u64: 10,
  i64: 11,
  f64: 12,
};

export const arrayId = 9;

export type NumberType = Exclude<ScalarType, "string" | "bool">;

interface NumberFormat<T> {
  readonly bytes: number;
  readonly get: (view: DataView, at: number) => T;
  readonly set: (view: DataView, at: number, value: T) => void;
  /** Whether a value can be stored without becoming another (an f32 may be rounded, not become infinite). */
  readonly holds: (value: unknown) => boolean;
}

const integer = (low: number, high: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

/** All little-endian. */
export const numberFormats: { readonly [T in NumberType]: NumberFormat<ValueTypes[T]> } = {
  u8: {
    bytes: 1,
    get: (view, at) => view.getUint8(at),
    set: (view, at, value) => view.setUint8(at, value),
    holds: integer(0, 0xff),
  },
  i8: {
    bytes: 1,
    get: (view, at) => view.getInt8(at),
    set: (view, at, value) => view.setInt8(at, value),
    holds: integer(-0x80, 0x7f),
  },
  u16: {
    bytes: 2,
    get: (view, at) => view.getUint16(at, true),
    set: (view, at, value) => view.setUint16(at, value, true),
    holds: integer(0, 0xffff),
  },
  i16: {
    bytes: 2,
    get: (view, at) => view.getInt16(at, true),
    set: (view, at, value) => view.setInt16(at, value, true),
    holds: integer(-0x8000, 0x7fff),
  },
  u32: {
    bytes: 4,
    get: (view, at) => view.getUint32(at, true),
    set: (view, at, value) => view.setUint32(at, value, true),
    holds: integer(0, 2 ** 32 - 1),
  },
  i32: {
    bytes: 4,
    get: (view, at) => view.getInt32(at, true),
    set: (view, at, value) => view.setInt32(at, value, true),
    holds: integer(-(2 ** 31), 2 ** 31 - 1),
  },
  u64: {
    bytes: 8,
    get: (view, at) => view.getBigUint64(at, true),
    set: (view, at, value) => view.setBigUint64(at, value, true),
    holds: (value) => typeof value === "bigint" && BigInt.asUintN(64, value) === value,
  },
  i64: {
    bytes: 8,
    get: (view, at) => view.getBigInt64(at, true),
    set: (view, at, value) => view.setBigInt64(at, value, true),
    holds: (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value,
  },
  f32: {
    bytes: 4,
    get: (view, at) => view.getFloat32(at, true),
    set: (view, at, value) => view.setFloat32(at, value, true),
    holds: (value) =>
      typeof value === "number" && Number.isFinite(value) === Number.isFinite(Math.fround(value)),
  },
  f64: {
    bytes: 8,
    get: (view, at) => view.getFloat64(at, true),
    set: (view, at, value) => view.setFloat64(at, value, true),
    holds: (value) => typeof value === "number",
  },
};
