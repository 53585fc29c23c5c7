// The graph of a BERT encoder, operator by operator as PyTorch exports it: the states of all tokens, or the logits of a pair.
import {
  type EncoderShape,
  layerNormEpsilon,
  type Purpose,
  tokenTypes,
} from "../encoders/shape.ts";
import type { Encoded } from "./encode.ts";
import { GraphBuilder, type Weights, type WeightType } from "./graph.ts";

/**
 * input_ids, attention_mask, token_type_ids: [batch, length] -> last_hidden_state: [batch, length, hidden], or logits:
 * [batch, labels]. `weights` are Hugging Face's names.
 */
export function minilmModel(
  shape: EncoderShape,
  purpose: Purpose,
  type: WeightType,
  weights: Weights,
): Encoded {
  const graph = new GraphBuilder(type, weights);
  const [ids, mask, types] = ["input_ids", "attention_mask", "token_type_ids"].map((name) =>
    graph.input(name, "int64", ["batch", "length"]),
  );
  const { hidden } = shape;
  let x = embeddings(graph, shape, ids!, types!);
  const bias = maskBias(graph, mask!);
  for (let layer = 0; layer < shape.layers; layer++) x = block(graph, shape, layer, x, bias);

  if ("pooling" in purpose) {
    graph.output(x, "last_hidden_state", ["batch", "length", hidden]);
  } else {
    const { labels } = purpose;
    const first = graph.gather(x, graph.index(0), 1); // [batch, hidden]
    const pooled = graph.add("Tanh", [graph.linearWithBias(first, "pooler.dense", hidden, hidden)]);
    const logits = graph.linearWithBias(pooled, "classifier", hidden, labels);
    graph.output(logits, "logits", ["batch", labels]);
  }
  return graph.encode("minilm");
}

/** -> [batch, length, hidden] */
function embeddings(graph: GraphBuilder, shape: EncoderShape, ids: string, types: string): string {
  const { hidden } = shape;
  const table = (kind: string) => `embeddings.${kind}_embeddings.weight`;
  const words = graph.embedding(ids, table("word"), shape.vocabulary, hidden);
  const kinds = graph.embedding(types, table("token_type"), tokenTypes, hidden);
  const length = graph.gather(graph.add("Shape", [ids]), graph.ints(1), 0);
  const places = graph.weight(table("position"), [shape.positions, hidden]);
  const sum = graph.add("Add", [
    graph.add("Add", [words, kinds]),
    graph.slice(places, 0, 0, length),
  ]);
  return layerNorm(graph, sum, "embeddings.LayerNorm", hidden);
}

/** What attention adds to its weights: nothing for a token, a very low number for padding. [batch, 1, 1, length] */
function maskBias(graph: GraphBuilder, mask: string): string {
  const wide = graph.add("Unsqueeze", [mask, graph.ints(1, 2)]);
  const kept = graph.add("Cast", [wide], [{ name: "to", value: { int: 1 } }]);
  const left = graph.add("Sub", [graph.floats([], [1]), kept]);
  return graph.add("Mul", [left, graph.floats([], [-1e9])]);
}

function block(graph: GraphBuilder, shape: EncoderShape, layer: number, x: string, bias: string) {
  const { hidden, intermediate } = shape;
  const name = `encoder.layer.${layer}`;
  const mixed = attention(graph, shape, `${name}.attention`, x, bias);
  const attended = layerNorm(
    graph,
    graph.add("Add", [mixed, x]),
    `${name}.attention.output.LayerNorm`,
    hidden,
  );
  const up = graph.linearWithBias(attended, `${name}.intermediate.dense`, hidden, intermediate);
  const down = graph.linearWithBias(gelu(graph, up), `${name}.output.dense`, intermediate, hidden);
  return layerNorm(graph, graph.add("Add", [down, attended]), `${name}.output.LayerNorm`, hidden);
}

function attention(
  graph: GraphBuilder,
  shape: EncoderShape,
  name: string,
  x: string,
  bias: string,
): string {
  const { hidden, heads } = shape;
  const width = hidden / heads;
  const [q, k, v] = ["query", "key", "value"].map((part) =>
    graph.reshape(
      graph.linearWithBias(x, `${name}.self.${part}`, hidden, hidden),
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
  return graph.linearWithBias(joined, `${name}.output.dense`, hidden, hidden);
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
