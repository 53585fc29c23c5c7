// A tensor of a checkpoint, whatever the file format: what is known of it, and the way to its values.
import type { Dtype } from "./dtype.ts";

export interface SourceTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** PyTorch's order: the length of a row comes last. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Where the values lie; equal for tensors that are the same values (tied weights). */
  readonly storage: string;
  /** The values as F32, row by row. They may lie over a buffer of the file: not to be written to. */
  read(): Promise<Float32Array>;
}

/** The largest models have a few thousand. */
export const maximumTensors = 65_536;

/** The number of elements, or undefined when it is not a number a file could hold. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}
