// The element types of checkpoints: their sizes, and their values as F32.
import { invalid } from "../errors.ts";

export type Dtype =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U8"
  | "BOOL"
  | "C64";

export const dtypeBytes: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  C64: 8,
};

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(dtypeBytes, name);
}

/** The values as F32. F32 itself is not copied: the result may lie over `bytes`. */
export function toFloat32(dtype: Dtype, bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % dtypeBytes[dtype] === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset } = aligned;
  const count = bytes.length / dtypeBytes[dtype];
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, count);
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    case "F16":
      return halfToFloat32(new Uint16Array(buffer, byteOffset, count));
    case "BF16":
      return bfloatToFloat32(new Uint16Array(buffer, byteOffset, count));
    case "I64":
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case "I32":
      return Float32Array.from(new Int32Array(buffer, byteOffset, count));
    case "I16":
      return Float32Array.from(new Int16Array(buffer, byteOffset, count));
    case "I8":
      return Float32Array.from(new Int8Array(buffer, byteOffset, count));
    case "U8":
      return Float32Array.from(bytes);
    case "BOOL":
      return Float32Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
    case "C64":
      // Rotary tables occur as complex buffers. They are listed and dropped; nothing has a use for their values.
      throw invalid("complex numbers are not weights");
  }
}

let halfTable: Float32Array | undefined;

function halfToFloat32(halves: Uint16Array): Float32Array {
  halfTable ??= makeHalfTable();
  const table = halfTable;
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = table[halves[i]!]!;
  return floats;
}

/** The value of every one of the 65,536 half-precision patterns. */
function makeHalfTable(): Float32Array {
  const table = new Float32Array(0x10000);
  for (let pattern = 0; pattern < 0x10000; pattern++) {
    const sign = pattern & 0x8000 ? -1 : 1;
    const exponent = (pattern >> 10) & 0x1f;
    const fraction = pattern & 0x3ff;
    if (exponent === 0x1f) table[pattern] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) table[pattern] = sign * fraction * 2 ** -24;
    else table[pattern] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/** A bfloat16 is the upper half of a float. */
function bfloatToFloat32(halves: Uint16Array): Float32Array {
  const patterns = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) patterns[i] = halves[i]! << 16;
  return new Float32Array(patterns.buffer);
}
