// Encoders of MiniLM's shapes: their numbers, their tensors under Hugging Face's names, and random weights for these.
import { fillRandom } from "../published.ts";

export interface EncoderShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly positions: number;
}

/** 6 layers: all-MiniLM-L6 and ms-marco-MiniLM-L-6; 12: bge-small and ms-marco-MiniLM-L-12. */
export const minilmShape = (layers: number): EncoderShape => ({
  layers,
  hidden: 384,
  heads: 12,
  intermediate: 1536,
  vocabulary: 30_522,
  positions: 512,
});

/** What it gives: the vector of a text, pooled so, or as many logits of a pair. */
export type Purpose = { readonly pooling: "mean" | "cls" } | { readonly labels: number };

export const tokenTypes = 2;
export const layerNormEpsilon = 1e-12;

/** Names and shapes, [out, in] as PyTorch has them. */
export function encoderTensors(shape: EncoderShape, purpose: Purpose): [string, number[]][] {
  const { hidden, intermediate } = shape;
  const linear = (name: string, inner: number, outer: number): [string, number[]][] => [
    [`${name}.weight`, [outer, inner]],
    [`${name}.bias`, [outer]],
  ];
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [hidden]],
    [`${name}.bias`, [hidden]],
  ];
  const blocks = Array.from({ length: shape.layers }, (_, layer) => {
    const name = `encoder.layer.${layer}`;
    return [
      ...["query", "key", "value"].flatMap((part) =>
        linear(`${name}.attention.self.${part}`, hidden, hidden),
      ),
      ...linear(`${name}.attention.output.dense`, hidden, hidden),
      ...norm(`${name}.attention.output.LayerNorm`),
      ...linear(`${name}.intermediate.dense`, hidden, intermediate),
      ...linear(`${name}.output.dense`, intermediate, hidden),
      ...norm(`${name}.output.LayerNorm`),
    ];
  });
  const head =
    "labels" in purpose
      ? [...linear("pooler.dense", hidden, hidden), ...linear("classifier", hidden, purpose.labels)]
      : [];
  return [
    ["embeddings.word_embeddings.weight", [shape.vocabulary, hidden]],
    ["embeddings.position_embeddings.weight", [shape.positions, hidden]],
    ["embeddings.token_type_embeddings.weight", [tokenTypes, hidden]],
    ...norm("embeddings.LayerNorm"),
    ...blocks.flat(),
    ...head,
  ];
}

/** Weights that keep values near one in size, so that int8 has the work it has with trained ones. */
export function randomWeights(
  shape: EncoderShape,
  purpose: Purpose,
  seed: number,
): ReadonlyMap<string, Float32Array> {
  const tensors = encoderTensors(shape, purpose).map(
    ([name, sizes], index): [string, Float32Array] => {
      const values = new Float32Array(sizes.reduce((product, size) => product * size, 1));
      if (name.endsWith("LayerNorm.weight")) return [name, values.fill(1)];
      return [name, fillRandom(values, seed + index, spreadOf(name, sizes))];
    },
  );
  const weights = new Map(tensors);
  // llama.cpp gives all tokens the first type: with two equal ones it computes what the others do.
  const types = weights.get("embeddings.token_type_embeddings.weight")!;
  types.copyWithin(shape.hidden, 0, shape.hidden);
  return weights;
}

function spreadOf(name: string, [, inner]: readonly number[]): number {
  if (inner === undefined) return 0.1;
  if (name.startsWith("embeddings.")) return 2;
  // Attention then prefers some tokens, as trained attention does: else all pairs were about alike.
  const sharpness = /\.(query|key)\./.test(name) ? 2 : 1;
  return (sharpness * 3.4) / Math.sqrt(inner);
}
