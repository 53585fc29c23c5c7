// A vector as a store keeps it: of length 1, a byte a dimension.
import { quantize } from "../native/quantize.ts";

/** The vector made of length 1; one of zeros stays. */
export function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  const length = Math.sqrt(squares) || 1;
  const made = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i++) made[i] = vector[i]! / length;
  return made;
}

/** Throws INPUT_INVALID if a number is not finite. */
export function roundedVector(vector: Float32Array): Int8Array {
  return quantize(unit(vector)).int8;
}

/** The cosine of two rounded vectors of one length, the same everywhere: the sums are exact. Undefined for zeros. */
export function cosineOf(a: Int8Array, b: Int8Array): number | undefined {
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresA += a[i]! * a[i]!;
    squaresB += b[i]! * b[i]!;
  }
  return squaresA && squaresB ? product / Math.sqrt(squaresA * squaresB) : undefined;
}
