// A vector as the scan compares it: a byte a dimension and a scale, and a bit a dimension.
import { QragError } from "../base/errors.ts";

export interface Quantized {
  /** From -127 to 127. */
  readonly int8: Int8Array;
  /** A float32: vector = scale * int8, each number within half of it. 0 for a vector of zeros. */
  readonly scale: number;
}

/** Throws INPUT_INVALID if a number is not finite. */
export function quantize(vector: Float32Array): Quantized {
  let largest = 0;
  for (const value of vector) {
    const magnitude = Math.abs(value);
    // Written so that a NaN fails.
    if (!(magnitude < Number.POSITIVE_INFINITY)) throw notFinite(vector);
    if (magnitude > largest) largest = magnitude;
  }
  const int8 = new Int8Array(vector.length);
  const inverse = largest > 0 ? 127 / largest : 0;
  for (let i = 0; i < vector.length; i++) int8[i] = Math.round(vector[i]! * inverse);
  return { int8, scale: Math.fround(largest / 127) };
}

/** 1 where a number is above 0, the first dimension in the lowest bit. */
export function signBits(vector: Float32Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(vector.length / 8));
  for (let i = 0; i < vector.length; i++) {
    if (vector[i]! > 0) bits[i >> 3]! |= 1 << (i & 7);
  }
  return bits;
}

function notFinite(vector: Float32Array): QragError {
  const index = vector.findIndex((value) => !Number.isFinite(value));
  return new QragError(
    "INPUT_INVALID",
    `Expected finite numbers for a vector but received ${vector[index]} at ${index}`,
  );
}
