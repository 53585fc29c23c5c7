// The tensors of one block: numbered feed-forward matrices told apart, fused ones split, every shape checked.
import { quote } from "../../base/quote.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import { checkWeights, shapeError } from "../roles/shapes.ts";
import type { Piece } from "../write/pieces.ts";
import { decoderNames, type Kind } from "./decoder_names.ts";

export type BlockRoles = ReadonlyMap<Kind, SourceTensor>;

/** The widths that all blocks share. */
export interface Widths {
  readonly embedding: number;
  /** Of all query heads together. */
  readonly query: number;
  readonly keyValue: number;
  readonly feedForward: number;
}

/** The matrices that a fused one holds, in its order of rows. */
const fused: ReadonlyMap<Kind, readonly Kind[]> = new Map<Kind, Kind[]>([
  ["attn_qkv", ["attn_q", "attn_k", "attn_v"]],
  ["attn_kv", ["attn_k", "attn_v"]],
  ["ffn_gate_up", ["ffn_gate", "ffn_up"]],
]);

/** These read the residual stream, so their rows are as long as it; the others write to it. */
const readers: readonly Kind[] = [
  "attn_q",
  "attn_k",
  "attn_v",
  ...fused.keys(),
  "ffn_gate",
  "ffn_up",
];
const writers: readonly Kind[] = ["attn_output", "ffn_down"];

/** [rows, row length] of a source matrix. */
export function sizeOf(tensor: SourceTensor, transposed: boolean): readonly [number, number] {
  const [a, b] = tensor.shape;
  if (tensor.shape.length !== 2 || !a || !b) throw shapeError(tensor, ["rows", "columns"]);
  return transposed ? [b, a] : [a, b];
}

/** `ffn_1` to `ffn_3` as what their shapes say: one writes to the stream, the others are gate and up in this order. */
export function settleNumbered(block: BlockRoles, embedding: number, number: number): BlockRoles {
  const kinds: readonly Kind[] = ["ffn_1", "ffn_2", "ffn_3"];
  const numbered = kinds.map((kind) => block.get(kind)).filter((tensor) => tensor !== undefined);
  if (numbered.length === 0) return block;
  const settled = new Map([...block].filter(([kind]) => !kinds.includes(kind)));
  const narrowing = numbered.filter(
    ({ shape }) => shape[0] === embedding && shape[1] !== embedding,
  );
  const square = numbered.every(({ shape }) => shape[0] === embedding && shape[1] === embedding);
  // Where all are square only the custom is left: in Llama's own code w2 is the one that narrows.
  const down = square ? block.get("ffn_2") : narrowing[0];
  const rest = numbered.filter((tensor) => tensor !== down);
  const names: Kind[] =
    rest.length === 2 ? ["ffn_gate", "ffn_up"] : rest.length === 1 ? ["ffn_gate_up"] : [];
  if (!down || narrowing.length > 1 || names.some((kind) => block.has(kind))) {
    const found = numbered.map(({ name, shape }) => `${quote(name)} [${shape.join(", ")}]`);
    throw unmapped(
      `block ${number}: the feed-forward's ${found.join(", ")} cannot be told apart; use --map`,
    );
  }
  settled.set("ffn_down", down);
  for (const [index, kind] of names.entries()) settled.set(kind, rest[index]!);
  return settled;
}

/** True when the matrices of the blocks are stored [in, out]. Squares do not tell; they follow the others. */
export function isTransposed(blocks: readonly BlockRoles[], embedding: number): boolean {
  let plain: SourceTensor | undefined;
  let transposed: SourceTensor | undefined;
  for (const block of blocks) {
    for (const [kind, tensor] of block) {
      const [a, b] = tensor.shape;
      if (a === b || tensor.shape.length !== 2) continue;
      const [row, column] = readers.includes(kind) ? [b, a] : writers.includes(kind) ? [a, b] : [];
      if (row === embedding) plain ??= tensor;
      else if (column === embedding) transposed ??= tensor;
    }
  }
  if (plain && transposed) {
    throw unmapped(
      `${quote(plain.name)} is stored as [out, in] and ${quote(transposed.name)} as [in, out]; ` +
        "one of them has another role than its name says: use --map",
    );
  }
  return transposed !== undefined;
}

/** The widths, as the tensors of a block say. */
export function readWidths(block: BlockRoles, embedding: number, transposed: boolean): Widths {
  const rows = (kind: Kind) => block.has(kind) && sizeOf(block.get(kind)!, transposed)[0];
  const output = block.get("attn_output");
  const down = block.get("ffn_down");
  if (!output || !down) {
    throw unmapped(
      `block 0: ${decoderNames.inWords(output ? "ffn_down" : "attn_output")} is missing`,
    );
  }
  const query = sizeOf(output, transposed)[1];
  const both = rows("attn_kv") || (rows("attn_qkv") || 0) - query;
  const keyValue = rows("attn_k") || both / 2;
  if (!Number.isInteger(keyValue) || keyValue <= 0) {
    throw unmapped("block 0 has no keys and values whose rows fit the attention's output");
  }
  return { embedding, query, keyValue, feedForward: sizeOf(down, transposed)[1] };
}

/** The block's matrices and norms by the end of their GGUF name, each with the shape the widths ask for. */
export function splitBlock(
  block: BlockRoles,
  widths: Widths,
  transposed: boolean,
): Map<Kind, Piece> {
  const { embedding, query, keyValue, feedForward } = widths;
  const sizes = new Map<Kind, readonly [number, number]>([
    ["attn_norm", [1, embedding]],
    ["attn_q", [query, embedding]],
    ["attn_k", [keyValue, embedding]],
    ["attn_v", [keyValue, embedding]],
    ["attn_output", [embedding, query]],
    ["ffn_norm", [1, embedding]],
    ["ffn_gate", [feedForward, embedding]],
    ["ffn_up", [feedForward, embedding]],
    ["ffn_down", [embedding, feedForward]],
  ]);
  const pieces = new Map<Kind, Piece>();
  for (const [kind, tensor] of block) {
    const parts = fused.get(kind) ?? [kind];
    if (kind === "ffn_gate_up" && sizeOf(tensor, transposed)[0] === feedForward) {
      throw unmapped(`${quote(tensor.name)} has no gate beside it; only SwiGLU is supported`);
    }
    const total = parts.reduce((rows, part) => rows + sizes.get(part)![0], 0);
    const rowLength = sizes.get(parts[0]!)![1];
    checkWeights(tensor, total, rowLength, transposed);
    let firstRow = 0;
    for (const part of parts) {
      const other = pieces.get(part);
      if (other) {
        throw unmapped(
          `${quote(other.tensor.name)} and ${quote(tensor.name)} both hold ${decoderNames.inWords(part)}; use --map`,
        );
      }
      const rows = sizes.get(part)![0];
      pieces.set(part, { tensor, firstRow, rows, rowLength, transposed: transposed && total > 1 });
      firstRow += rows;
    }
  }
  for (const kind of sizes.keys()) {
    if (!pieces.has(kind)) throw unmapped(`${decoderNames.inWords(kind)} is missing`);
  }
  return pieces;
}
