// Checks that a tensor of a checkpoint has the shape that its role asks for, and holds weights.
import type { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";

export function shapeError(
  tensor: SourceTensor,
  expected: readonly (number | string)[],
): QragError {
  return unmapped(
    `${quote(tensor.name)} has shape [${tensor.shape.join(", ")}]; [${expected.join(", ")}] is expected`,
  );
}

/** A vector is one row. */
export function checkWeights(
  tensor: SourceTensor,
  rows: number,
  rowLength: number,
  transposed = false,
): void {
  const plain = rows === 1 ? [rowLength] : [rows, rowLength];
  checkShape(tensor, transposed ? plain.toReversed() : plain);
}

/** The same, by the shape in PyTorch's order. */
export function checkShape(tensor: SourceTensor, expected: readonly number[]): void {
  if (tensor.shape.join() !== expected.join()) throw shapeError(tensor, expected);
  if (!["F64", "F32", "F16", "BF16"].includes(tensor.dtype)) {
    throw unmapped(`${quote(tensor.name)} holds ${tensor.dtype} values, which are not weights`);
  }
}
