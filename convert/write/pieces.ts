// The values of a new file's tensors: rows cut out of the checkpoint's tensors and put into the order that files have.
import type { SourceTensor } from "../checkpoint/source_tensor.ts";

/** Rows of a source tensor, as [out, in]. */
export interface Piece {
  readonly tensor: SourceTensor;
  readonly firstRow: number;
  readonly rows: number;
  readonly rowLength: number;
  /** The source holds [in, out], as the Conv1D of GPT-2 does. */
  readonly transposed: boolean;
  /** Only these of the rows, in this order. */
  readonly picked?: readonly number[];
  /** RoPE turns halves of a head in the source; files hold the interleaved order. */
  readonly halves?: HeadSizes;
}

export interface HeadSizes {
  readonly keyLength: number;
  readonly ropeDimensionCount: number;
}

/** A whole tensor; a vector is one row. */
export function wholePiece(tensor: SourceTensor, rows: number, rowLength: number): Piece {
  return { tensor, firstRow: 0, rows, rowLength, transposed: false };
}

/** The piece's values, [rows, row length]. */
export async function readPiece(piece: Piece): Promise<Float32Array> {
  const { rowLength, picked, halves } = piece;
  const values = await readRows(piece);
  if (picked) return pickRows(values, rowLength, picked);
  return halves ? interleaveHalves(values, rowLength, halves) : values;
}

async function readRows({
  tensor,
  firstRow,
  rows,
  rowLength,
  transposed,
}: Piece): Promise<Float32Array> {
  const values = await tensor.read();
  if (!transposed) return values.subarray(firstRow * rowLength, (firstRow + rows) * rowLength);
  const width = tensor.shape[1]!;
  const result = new Float32Array(rows * rowLength);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let from = firstRow + row; at < (row + 1) * rowLength; from += width) {
      result[at++] = values[from]!;
    }
  }
  return result;
}

function pickRows(values: Float32Array, rowLength: number, picked: readonly number[]) {
  const rows = new Float32Array(picked.length * rowLength);
  for (const [index, row] of picked.entries()) {
    rows.set(values.subarray(row * rowLength, (row + 1) * rowLength), index * rowLength);
  }
  return rows;
}

/**
 * From the half-split to the interleaved order: in every head, row i of the first half goes to 2i and row i of the
 * second half to 2i + 1. Rows that RoPE does not turn stay. `rowSize` counts elements of `rows`.
 */
export function interleaveHalves<T extends Float32Array | Uint8Array>(
  rows: T,
  rowSize: number,
  { keyLength, ropeDimensionCount }: HeadSizes,
): T {
  const result = rows.slice() as T;
  const half = ropeDimensionCount / 2;
  const headSize = keyLength * rowSize;
  for (let head = 0; head < rows.length; head += headSize) {
    for (let row = 0; row < ropeDimensionCount; row++) {
      const target = head + (row < half ? 2 * row : 2 * (row - half) + 1) * rowSize;
      const source = head + row * rowSize;
      result.set(rows.subarray(source, source + rowSize), target);
    }
  }
  return result;
}
