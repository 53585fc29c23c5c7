// Tells whether a model's whole head is at hand: stored, or the same matrix as the embedding.
import type { ModelDescription } from "../gguf/architecture.ts";
import { rowBytes } from "../gguf/format.ts";
import type { ByteSource } from "../gguf/source.ts";
import type { NativeAddon } from "../native/binding.ts";

/**
 * How far, in parts of its length, a row of the embedding may lie from the exact decision row and still be that row:
 * four bits err by about 0.1, rows of another matrix by 1 and more.
 */
const quantizationError = 0.3;

/** A file without output.weight has either a tied head or left it out; the decision rows tell which. */
export async function hasFullHead(
  source: ByteSource,
  { numbers, decision, tensors }: ModelDescription,
  dequantizeRows: NativeAddon["dequantizeRows"],
): Promise<boolean> {
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (named.has("output.weight")) return true;
  const embedding = named.get("token_embd.weight")!;
  const exact = named.get("decision.weight")!;
  const rowLength = numbers.embeddingLength;
  const readRow = async ({ type, offset }: typeof embedding, row: number) => {
    const length = rowBytes(type, rowLength);
    return dequantizeRows(type, await source.read(offset + row * length, length), rowLength);
  };
  for (const [row, token] of decision.tokenIds.entries()) {
    if (!isNear(await readRow(exact, row), await readRow(embedding, token))) return false;
  }
  return true;
}

function isNear(exact: Float32Array, stored: Float32Array): boolean {
  let error = 0;
  let length = 0;
  for (const [index, value] of exact.entries()) {
    error += (value - stored[index]!) ** 2;
    length += value ** 2;
  }
  return error <= quantizationError ** 2 * length;
}
