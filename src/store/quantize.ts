// Vectors to int8: made of length 1 unless lengths count, each row with a scale of its own and a bit a dimension beside it.
import { quantize as quantizeVector, signBits } from "../../native/quantize.ts";
import { unit } from "../rounded_vector.ts";

export interface QuantizedRows {
  readonly vectors: Int8Array;
  readonly scales: Float32Array;
  readonly bits: Uint8Array;
}

export function bytesOfBits(dimensions: number): number {
  return Math.ceil(dimensions / 8);
}

export function quantize(
  matrix: Float32Array,
  dimensions: number,
  keepLengths = false,
): QuantizedRows {
  const rows = matrix.length / dimensions;
  const width = bytesOfBits(dimensions);
  const vectors = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  const bits = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const given = matrix.subarray(row * dimensions, (row + 1) * dimensions);
    const vector = keepLengths ? given : unit(given);
    const { int8, scale } = quantizeVector(vector);
    vectors.set(int8, row * dimensions);
    scales[row] = scale;
    bits.set(signBits(vector), row * width);
  }
  return { vectors, scales, bits };
}
