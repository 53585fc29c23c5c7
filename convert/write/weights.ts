// The values of the model's tensors: rows cut out of the checkpoint's tensors and put into the model's order.
import type { Piece } from "../roles/block_parts.ts";
import type { ModelPlan, Sizes } from "../roles/model_plan.ts";

/** How a head's dimensions are paired for RoPE: i with i + half of them, or 2i with 2i + 1, which files hold. */
export const ropeOrders = ["half", "interleaved"] as const;
export type RopeOrder = (typeof ropeOrders)[number];

/** Which of the two matrices goes through SiLU: the first (or the one named gate), or the other. */
export const gateUpOrders = ["gate-first", "up-first"] as const;
export type GateUpOrder = (typeof gateUpOrders)[number];

/** What names cannot tell. */
export interface Wiring {
  readonly rope: RopeOrder;
  readonly gateUp: GateUpOrder;
  readonly normEpsilon: number;
  readonly ropeBase: number;
}

/** The piece that becomes the tensor `name`. */
export function pieceOf(layout: ModelPlan, name: string, gateUp: GateUpOrder): Piece {
  let source = name;
  if (gateUp === "up-first") {
    if (name.endsWith(".ffn_gate.weight")) source = name.replace("ffn_gate", "ffn_up");
    if (name.endsWith(".ffn_up.weight")) source = name.replace("ffn_up", "ffn_gate");
  }
  return layout.pieces.get(source)!;
}

/** Rows of the tensor that RoPE turns must change places, if the checkpoint pairs halves. */
export function isTurned(name: string): boolean {
  return name.endsWith(".attn_q.weight") || name.endsWith(".attn_k.weight");
}

/** The piece's values, [rows, row length]. */
export async function readPiece(piece: Piece): Promise<Float32Array> {
  const { tensor, firstRow, rows, rowLength, transposed } = piece;
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

/**
 * From the half-split to the interleaved order: in every head, row i of the first half goes to 2i and row i of the
 * second half to 2i + 1. Rows that RoPE does not turn stay. `rowSize` counts elements of `rows`.
 */
export function interleaveHalves<T extends Float32Array | Uint8Array>(
  rows: T,
  rowSize: number,
  { keyLength, ropeDimensionCount }: Pick<Sizes, "keyLength" | "ropeDimensionCount">,
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

/** The tensor's values as the file holds them. */
export async function readWeights(
  layout: ModelPlan,
  name: string,
  wiring: Wiring,
): Promise<Float32Array> {
  const piece = pieceOf(layout, name, wiring.gateUp);
  const values = await readPiece(piece);
  if (wiring.rope === "interleaved" || !isTurned(name)) return values;
  return interleaveHalves(values, piece.rowLength, layout.sizes);
}

/** The rows of the head that stand for the decision tokens. */
export async function readDecisionRows(
  layout: ModelPlan,
  tokenIds: readonly number[],
): Promise<Float32Array> {
  const head = layout.pieces.get("output.weight") ?? layout.pieces.get("token_embd.weight")!;
  const values = await readPiece(head);
  const { rowLength } = head;
  const rows = new Float32Array(tokenIds.length * rowLength);
  for (const [index, id] of tokenIds.entries()) {
    rows.set(values.subarray(id * rowLength, (id + 1) * rowLength), index * rowLength);
  }
  return rows;
}
