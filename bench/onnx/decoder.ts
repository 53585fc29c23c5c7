// Our own decoder as an ONNX graph of plain operators, with the decision rows as its head: what an export would run.
import type { Encoded } from "./encode.ts";
import { GraphBuilder, type Weights, type WeightType } from "./graph.ts";
import { softmax } from "./minilm.ts";

export interface DecoderShape {
  readonly d_model: number;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly d_ff: number;
  readonly vocab_size: number;
  readonly max_seq_len: number;
  readonly rope_theta: number;
  readonly norm_eps: number;
}

/** What every block uses. */
interface Shared {
  readonly graph: GraphBuilder;
  readonly shape: DecoderShape;
  /** [length, width of a head], for all heads alike. */
  readonly cos: string;
  readonly sin: string;
  /** Added to attention weights: very low where a token would look ahead. [length, length] */
  readonly bias: string;
}

/**
 * input_ids: [batch, length], last: [batch], places in the batch's tokens put end to end -> logits: [batch, decisions].
 * `weights` are Meta's names with interleaved RoPE; `decisions` are the vocabulary ids whose logits are asked for.
 */
export function decoderModel(
  shape: DecoderShape,
  type: WeightType,
  weights: Weights,
  decisions: readonly number[],
): Encoded {
  const graph = new GraphBuilder(type, rotaryHalves(shape, weights));
  const ids = graph.input("input_ids", "int64", ["batch", "length"]);
  const last = graph.input("last", "int64", ["batch"]);
  const { d_model: width } = shape;
  const shared = { graph, shape, ...positions(graph, shape, ids) };

  let x = graph.embedding(ids, "tok_embeddings.weight", shape.vocab_size, width);
  for (let layer = 0; layer < shape.n_layers; layer++) {
    const name = `layers.${layer}`;
    const mixed = attention(shared, `${name}.attention`, norm(shared, x, `${name}.attention_norm`));
    x = graph.add("Add", [x, mixed]);
    const inner = feedForward(shared, `${name}.feed_forward`, norm(shared, x, `${name}.ffn_norm`));
    x = graph.add("Add", [x, inner]);
  }
  const ends = graph.gather(graph.reshape(x, -1, width), last, 0); // [batch, width]
  const table = weights("tok_embeddings.weight", [shape.vocab_size, width]);
  const head = new Float32Array(width * decisions.length);
  for (let i = 0; i < head.length; i++) {
    const [inner, row] = [Math.floor(i / decisions.length), i % decisions.length];
    head[i] = table[decisions[row]! * width + inner]!;
  }
  const logits = graph.add("MatMul", [
    norm(shared, ends, "norm"),
    graph.floats([width, decisions.length], head),
  ]);
  graph.output(logits, "logits", ["batch", decisions.length]);
  return graph.encode("decoder");
}

/** Exports turn halves of a head against each other, not neighbours: their query and key rows are in another order. */
function rotaryHalves(shape: DecoderShape, weights: Weights): Weights {
  const head = shape.d_model / shape.n_heads;
  return (name, size) => {
    const rows = weights(name, size);
    if (!/\.w[qk]\.weight$/.test(name)) return rows;
    const [count, width] = [size[0]!, size[1]!];
    const result = new Float32Array(rows.length);
    for (let row = 0; row < count; row++) {
      const [start, place] = [row - (row % head), row % head];
      const from = start + (place < head / 2 ? 2 * place : 2 * (place - head / 2) + 1);
      result.set(rows.subarray(from * width, (from + 1) * width), row * width);
    }
    return result;
  };
}

function positions(graph: GraphBuilder, shape: DecoderShape, ids: string) {
  const { max_seq_len: longest } = shape;
  const head = shape.d_model / shape.n_heads;
  const table = (turn: (angle: number) => number) => {
    const angle = (i: number) =>
      Math.floor(i / head) * shape.rope_theta ** (-(2 * (i % (head / 2))) / head);
    return Float32Array.from({ length: longest * head }, (_, i) => turn(angle(i)));
  };
  const ahead = Float32Array.from({ length: longest * longest }, (_, i) =>
    i % longest > Math.floor(i / longest) ? -1e9 : 0,
  );
  const length = graph.gather(graph.add("Shape", [ids]), graph.ints(1), 0);
  const cut = (name: string, axis: number) => graph.slice(name, axis, 0, length);
  return {
    cos: cut(graph.floats([longest, head], table(Math.cos)), 0),
    sin: cut(graph.floats([longest, head], table(Math.sin)), 0),
    bias: cut(cut(graph.floats([longest, longest], ahead), 0), 1),
  };
}

/** x / sqrt(mean(x^2) + epsilon) * weight */
function norm({ graph, shape }: Shared, x: string, name: string): string {
  const squares = graph.add("Pow", [x, graph.floats([], [2])]);
  const mean = graph.add("ReduceMean", [squares], [{ name: "axes", value: { ints: [-1] } }]);
  const root = graph.add("Sqrt", [graph.add("Add", [mean, graph.floats([], [shape.norm_eps])])]);
  const weight = graph.weight(`${name}.weight`, [shape.d_model]);
  return graph.add("Mul", [graph.add("Div", [x, root]), weight]);
}

/** x: [batch, ..., length, width of a head] */
function rotated({ graph, cos, sin }: Shared, x: string, head: number): string {
  const axis = -1;
  const low = graph.slice(x, axis, 0, head / 2);
  const high = graph.slice(x, axis, head / 2, head);
  const turned = graph.add(
    "Concat",
    [graph.add("Neg", [high]), low],
    [{ name: "axis", value: { int: axis } }],
  );
  return graph.add("Add", [graph.add("Mul", [x, cos]), graph.add("Mul", [turned, sin])]);
}

function attention(shared: Shared, name: string, x: string): string {
  const { graph, shape, bias } = shared;
  const { d_model: width, n_heads: heads, n_kv_heads: headsKv } = shape;
  const head = width / heads;
  const shareHeads = heads / headsKv;
  // Each key and value head serves several query heads: MatMul repeats the dimension of one.
  const split = (rows: string, share: number) =>
    graph.transpose(graph.reshape(rows, 0, 0, headsKv, share, head), 0, 2, 3, 1, 4);
  const project = (part: string, count: number) =>
    graph.linear(x, `${name}.${part}.weight`, width, count * head);
  const queries = rotated(shared, split(project("wq", heads), shareHeads), head);
  const keys = rotated(shared, split(project("wk", headsKv), 1), head);
  const values = split(project("wv", headsKv), 1);

  const products = graph.add("MatMul", [queries, graph.transpose(keys, 0, 1, 2, 4, 3)]);
  const scaled = graph.add("Mul", [products, graph.floats([], [1 / Math.sqrt(head)])]);
  const mixed = graph.add("MatMul", [softmax(graph, graph.add("Add", [scaled, bias])), values]);
  const joined = graph.reshape(graph.transpose(mixed, 0, 3, 1, 2, 4), 0, 0, width);
  return graph.linear(joined, `${name}.wo.weight`, width, width);
}

function feedForward({ graph, shape }: Shared, name: string, x: string): string {
  const { d_model: width, d_ff: inner } = shape;
  const gate = graph.linear(x, `${name}.w1.weight`, width, inner);
  const up = graph.linear(x, `${name}.w3.weight`, width, inner);
  const silu = graph.add("Mul", [gate, graph.add("Sigmoid", [gate])]);
  return graph.linear(graph.add("Mul", [silu, up]), `${name}.w2.weight`, inner, width);
}
