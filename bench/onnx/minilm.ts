// The graph of a BERT cross-encoder, operator by operator as PyTorch exports it: the shapes of ms-marco-MiniLM-L-6 and L-12.
import { fillRandom } from "../published.ts";
import type { Encoded } from "./encode.ts";
import { GraphBuilder, type Weights, type WeightType } from "./graph.ts";

export interface BertShape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly positions: number;
}

export const minilmShape = (layers: number): BertShape => ({
  layers,
  hidden: 384,
  heads: 12,
  intermediate: 1536,
  vocabulary: 30_522,
  positions: 512,
});

const layerNormEpsilon = 1e-12;
const tokenTypes = 2;

/** Weights that keep values near one in size, so that int8 has the work it has with trained ones. */
export function randomWeights(seed: number): Weights {
  let next = seed;
  return (name, shape) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (name.endsWith("norm.weight")) return values.fill(1);
    const size = shape.length === 1 ? 0.1 : name.includes("embedding") ? 2 : 3.4 / shape[1]! ** 0.5;
    return fillRandom(values, next++, size);
  };
}

/** input_ids, attention_mask, token_type_ids: [batch, length] -> logits: [batch, 1] */
export function minilmModel(shape: BertShape, type: WeightType, weights: Weights): Encoded {
  const graph = new GraphBuilder(type, weights);
  const [ids, mask, types] = ["input_ids", "attention_mask", "token_type_ids"].map((name) =>
    graph.input(name, "int64", ["batch", "length"]),
  );
  const { hidden } = shape;
  let x = embeddings(graph, shape, ids!, types!);
  const bias = maskBias(graph, mask!);
  for (let layer = 0; layer < shape.layers; layer++) x = block(graph, shape, layer, x, bias);

  const first = graph.gather(x, graph.index(0), 1); // [batch, hidden]
  const pooled = graph.add("Tanh", [graph.linearWithBias(first, "pooler", hidden, hidden)]);
  graph.output(graph.linearWithBias(pooled, "classifier", hidden, 1), "logits", ["batch", 1]);
  return graph.encode("minilm");
}

/** -> [batch, length, hidden] */
function embeddings(graph: GraphBuilder, shape: BertShape, ids: string, types: string): string {
  const { hidden } = shape;
  const words = graph.embedding(ids, "word_embedding", shape.vocabulary, hidden);
  const kinds = graph.embedding(types, "type_embedding", tokenTypes, hidden);
  const length = graph.gather(graph.add("Shape", [ids]), graph.ints(1), 0);
  const places = graph.weight("position_embedding", [shape.positions, hidden]);
  const sum = graph.add("Add", [
    graph.add("Add", [words, kinds]),
    graph.slice(places, 0, 0, length),
  ]);
  return layerNorm(graph, sum, "embedding_norm", hidden);
}

/** What attention adds to its weights: nothing for a token, a very low number for padding. [batch, 1, 1, length] */
function maskBias(graph: GraphBuilder, mask: string): string {
  const wide = graph.add("Unsqueeze", [mask, graph.ints(1, 2)]);
  const kept = graph.add("Cast", [wide], [{ name: "to", value: { int: 1 } }]);
  const left = graph.add("Sub", [graph.floats([], [1]), kept]);
  return graph.add("Mul", [left, graph.floats([], [-1e9])]);
}

function block(graph: GraphBuilder, shape: BertShape, layer: number, x: string, bias: string) {
  const { hidden, intermediate } = shape;
  const name = `layer.${layer}`;
  const mixed = attention(graph, shape, name, x, bias);
  const attended = layerNorm(graph, graph.add("Add", [mixed, x]), `${name}.attention_norm`, hidden);

  const inner = gelu(graph, graph.linearWithBias(attended, `${name}.up`, hidden, intermediate));
  const outer = graph.linearWithBias(inner, `${name}.down`, intermediate, hidden);
  return layerNorm(graph, graph.add("Add", [outer, attended]), `${name}.output_norm`, hidden);
}

function attention(graph: GraphBuilder, shape: BertShape, name: string, x: string, bias: string) {
  const { hidden, heads } = shape;
  const width = hidden / heads;
  const [q, k, v] = ["query", "key", "value"].map((part) =>
    graph.reshape(
      graph.linearWithBias(x, `${name}.${part}`, hidden, hidden),
      ...[0, 0, heads, width],
    ),
  );
  const queries = graph.transpose(q!, 0, 2, 1, 3); // [batch, heads, length, width]
  const keys = graph.transpose(k!, 0, 2, 3, 1); // [batch, heads, width, length]
  const values = graph.transpose(v!, 0, 2, 1, 3);
  const products = graph.add("MatMul", [queries, keys]); // [batch, heads, length, length]
  const scaled = graph.add("Div", [products, graph.floats([], [Math.sqrt(width)])]);
  const attended = graph.add("MatMul", [softmax(graph, graph.add("Add", [scaled, bias])), values]);
  const joined = graph.reshape(graph.transpose(attended, 0, 2, 1, 3), 0, 0, hidden);
  return graph.linearWithBias(joined, `${name}.attention`, hidden, hidden);
}

export function softmax(graph: GraphBuilder, x: string): string {
  return graph.add("Softmax", [x], [{ name: "axis", value: { int: -1 } }]);
}

function gelu(graph: GraphBuilder, x: string): string {
  const erf = graph.add("Erf", [graph.add("Div", [x, graph.floats([], [Math.SQRT2])])]);
  const gated = graph.add("Mul", [x, graph.add("Add", [erf, graph.floats([], [1])])]);
  return graph.add("Mul", [gated, graph.floats([], [0.5])]);
}

function layerNorm(graph: GraphBuilder, x: string, name: string, hidden: number): string {
  const [weight, bias] = ["weight", "bias"].map((part) =>
    graph.weight(`${name}.${part}`, [hidden]),
  );
  return graph.add(
    "LayerNormalization",
    [x, weight!, bias!],
    [
      { name: "axis", value: { int: -1 } },
      { name: "epsilon", value: { float: layerNormEpsilon } },
    ],
  );
}
