// ONNX as a source of weights: found by following the graph, whatever the exporter called and turned; damaged files refused.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import {
  type Encoded,
  encodeModel,
  bytes as field,
  type Graph,
  type GraphNode,
  int,
  message,
  type Tensor,
  text,
} from "../../bench/onnx/encode.ts";
import { readCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { bytesSource } from "../../gguf/source.ts";
import { bertSizes, bertTensors, embedderFiles, Folders, type Tensors } from "./bert_folder.ts";
import type { Matrix } from "./model_builder.ts";

const folders = new Folders();
afterAll(() => folders.remove());

const fileOf = (encoded: Encoded) => new Uint8Array(Buffer.concat(encoded));

function transposed({ shape, values }: Matrix): Matrix {
  const [rows, columns] = shape as [number, number];
  return {
    shape: [columns, rows],
    values: Float32Array.from(
      values,
      (_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!,
    ),
  };
}

const node = (
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: GraphNode["attributes"] = [],
): GraphNode => ({
  operator,
  inputs,
  outputs,
  attributes,
});
const initializer = (name: string, { shape, values }: Matrix): Tensor => ({
  name,
  type: "float",
  shape,
  data: values,
});
const numbers = (name: string, ...values: number[]): Tensor => ({
  name,
  type: "int64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** How an exporter writes a product with a matrix. */
type Product = (name: string, weight: Matrix) => { initializers: Tensor[]; nodes: GraphNode[] };

/** PyTorch's: the matrix turned and nameless, the bias by its name. */
const matMul: Product = (name, weight) => ({
  initializers: [initializer(`onnx::MatMul_${name.length}${name}`, transposed(weight))],
  nodes: [
    node("MatMul", ["x", `onnx::MatMul_${name.length}${name}`], [`${name}/MatMul`]),
    node("Add", [`${name}.bias`, `${name}/MatMul`], [`${name}/Add`]),
  ],
});
/** The same where the name stayed: it lies turned all the same. */
const namedMatMul: Product = (name, weight) => ({
  initializers: [initializer(`${name}.weight`, transposed(weight))],
  nodes: [
    node("MatMul", ["x", `${name}.weight`], [`${name}/MatMul`]),
    node("Add", [`${name}/MatMul`, `${name}.bias`], [`${name}/Add`]),
  ],
});
const gemm =
  (transB: number): Product =>
  (name, weight) => ({
    initializers: [initializer(`W${name}`, transB === 1 ? weight : transposed(weight))],
    nodes: [
      node(
        "Gemm",
        ["x", `W${name}`, `${name}.bias`],
        [`${name}/Gemm`],
        [{ name: "transB", value: { int: transB } }],
      ),
    ],
  });
/** Not folded: the graph turns it. */
const turning: Product = (name, weight) => ({
  initializers: [initializer(`${name}.weight`, weight)],
  nodes: [
    node("Transpose", [`${name}.weight`], [`${name}/T`]),
    node("MatMul", ["x", `${name}/T`], [`${name}/MatMul`]),
  ],
});

/** A BERT's graph, as far as its weights and numbers show in it. */
function bertGraph(product: Product, tensors: Tensors = bertTensors()): Graph {
  const initializers: Tensor[] = [
    { name: "eps", type: "float", shape: [1], data: Float32Array.of(1e-12) },
    numbers("heads", bertSizes.heads),
    numbers("width", bertSizes.width / bertSizes.heads),
    numbers("zero", 0),
  ];
  const nodes: GraphNode[] = [
    node("Add", ["variance", "eps"], ["sum"]),
    node("Sqrt", ["sum"], ["deviation"]),
    node("Concat", ["zero", "zero", "heads", "width"], ["shape"]),
    node("Reshape", ["x", "shape"], ["split"]),
    node("Erf", ["x"], ["erf"]),
  ];
  for (const [name, matrix] of tensors) {
    const linear = /^(.*(?:query|key|value|dense))\.weight$/.exec(name)?.[1];
    if (linear === undefined) {
      initializers.push(initializer(name, matrix));
      if (name.includes("embeddings")) nodes.push(node("Gather", [name, "ids"], [`${name}/rows`]));
      continue;
    }
    const made = product(linear, matrix);
    initializers.push(...made.initializers);
    nodes.push(...made.nodes);
  }
  return { name: "bert", opset: 17, nodes, initializers, inputs: [], outputs: [] };
}

const { "model.safetensors": _weights, "config.json": config, ...others } = embedderFiles();

async function convertGraph(graph: Graph, more: Record<string, unknown> = {}) {
  const onnx = fileOf(encodeModel(graph));
  return folders.convert({ ...others, "model.onnx": onnx, ...more });
}

const read = (bytes: Uint8Array) => readCheckpoint(bytesSource(bytes));

describe("an ONNX model", () => {
  const products: [string, Product][] = [
    ["MatMul and Add", matMul],
    ["MatMul with the names kept", namedMatMul],
    ["Gemm that turns", gemm(1)],
    ["Gemm that does not", gemm(0)],
    ["MatMul of a turned matrix", turning],
  ];
  it.each(products)("gives PyTorch's weights back: %s", async (_name, product) => {
    const { tensors } = await read(fileOf(encodeModel(bertGraph(product))));
    for (const [name, { shape, values }] of bertTensors()) {
      const found = tensors.get(name);
      expect(found?.shape, name).toEqual(shape);
      expect(await found!.read(), name).toEqual(values);
    }
  });

  it("says in its graph what a configuration would", async () => {
    const { report } = await convertGraph(bertGraph(matMul));
    expect(report.checkpoint).toEqual({ format: "onnx", configSource: "the graph" });
    const { headCount, normEpsilon } = report.numbers;
    expect([headCount, normEpsilon]).toEqual([2, 1e-12]);
    const beside = await convertGraph(bertGraph(matMul), { "config.json": config });
    expect(beside.report.checkpoint.configSource).toBe("config.json");
  });

  it("may say it by operators of newer versions", async () => {
    const graph = bertGraph(matMul);
    const nodes = [
      ...graph.nodes.filter(({ operator }) => !["Erf", "Sqrt", "Reshape"].includes(operator)),
      node("Gelu", ["x"], ["gelu"]),
      node("LayerNormalization", ["x"], ["norm"], [{ name: "epsilon", value: { float: 1e-5 } }]),
      node("Reshape", ["x", "four"], ["split"]),
    ];
    const initializers = [...graph.initializers, numbers("four", 0, -1, 2, 16)];
    const { report } = await convertGraph({ ...graph, nodes, initializers });
    expect([report.numbers.headCount, report.numbers.normEpsilon]).toEqual([2, 1e-5]);
  });

  const withNodes = (...nodes: GraphNode[]): Graph => {
    const graph = bertGraph(matMul);
    return { ...graph, nodes: [...graph.nodes, ...nodes] };
  };
  const withTensors = (...tensors: Tensor[]): Graph => {
    const graph = bertGraph(matMul);
    return { ...graph, initializers: [...graph.initializers, ...tensors] };
  };
  const refused: [string, Graph, RegExp][] = [
    [
      "quantized by operators",
      withNodes(node("DynamicQuantizeLinear", ["x"], ["y", "scale", "zero_point"])),
      /quantized \(DynamicQuantizeLinear\).*float model/,
    ],
    [
      "quantized by its product",
      withNodes(node("MatMulInteger", ["x", "y"], ["z"])),
      /MatMulInteger/,
    ],
    [
      "quantized by its weights",
      withTensors({ name: "q", type: "int8", shape: [2, 2], data: new Int8Array(4) }),
      /"q" holds I8/,
    ],
    [
      "with GELU by tanh",
      {
        ...bertGraph(matMul),
        nodes: bertGraph(matMul).nodes.map((each) =>
          each.operator === "Erf" ? node("Tanh", ["x"], ["tanh"]) : each,
        ),
      },
      /hidden_act is "gelu_new"/,
    ],
    [
      "with a weight that no name is found for",
      withTensors(initializer("onnx::MatMul_1", { shape: [2, 2], values: new Float32Array(4) })),
      /"onnx::MatMul_1" \[2, 2\]/,
    ],
    [
      "with two weights for one bias",
      withNodes(
        node("MatMul", ["x", "onnx::extra"], ["extra"]),
        node("Add", ["extra", "pooler.dense.bias"], ["sum2"]),
      ),
      /named "pooler\.dense\.weight"/,
    ],
  ];
  refused[5]![1] = {
    ...refused[5]![1],
    initializers: withTensors(
      initializer("onnx::extra", { shape: [2, 2], values: new Float32Array(4) }),
    ).initializers,
  };
  it.each(refused)("%s is refused", async (_name, graph, reason) => {
    const error = await convertGraph(graph).catch((caught) => caught);
    expect(error).toBeInstanceOf(QragError);
    expect(error.message).toMatch(reason);
  });

  it("that was optimized for one runtime is refused by its operators", async () => {
    const own = message(
      1,
      text(1, "x"),
      text(2, "y"),
      text(4, "SkipLayerNormalization"),
      text(7, "com.microsoft"),
    );
    const file = fileOf([...int(1, 8), ...message(7, own)]);
    await expect(read(file)).rejects.toThrow(/"SkipLayerNormalization" of "com.microsoft"/);
  });

  it("whose graph goes in circles is followed two steps and no further", async () => {
    const graph = bertGraph(matMul);
    const circle = [
      node("Add", ["a", "b"], ["a"]),
      node("MatMul", ["a", "pooler.dense.bias"], ["b"]),
      node("Sqrt", ["a"], ["a"]),
    ];
    const { tensors } = await read(
      fileOf(encodeModel({ ...graph, nodes: [...circle, ...graph.nodes] })),
    );
    expect(tensors.has("pooler.dense.weight")).toBe(true);
  });
});

describe("a damaged ONNX file", () => {
  const tensorOf = (...parts: Encoded[]) =>
    fileOf([...int(1, 8), ...message(7, message(1, text(4, "Erf")), message(5, ...parts))]);
  const name = text(8, "w");
  const float = int(2, 1);
  const raw = (length: number) => field(9, new Uint8Array(length));
  const cases: [string, Uint8Array, RegExp][] = [
    ["no graph", fileOf([...int(1, 8), ...text(2, "someone")]), /no graph/],
    [
      "a shape beyond its bytes",
      tensorOf(int(1, 4), float, name, raw(8)),
      /8 bytes, which is not F32/,
    ],
    [
      "a shape of 2^53 values",
      tensorOf(int(1, 2 ** 31), int(1, 2 ** 31), float, name, raw(8)),
      /impossible shape/,
    ],
    ["a negative dimension", tensorOf(int(1, -4), float, name, raw(8)), /impossible shape/],
    [
      "more dimensions than any tensor",
      tensorOf(...new Array(20).fill(int(1, 1)), float, name, raw(4)),
      /longer than 16/,
    ],
    ["an element type of text", tensorOf(int(1, 1), int(2, 8), name, raw(4)), /element type 8/],
    ["weights in another file", tensorOf(int(1, 1), float, name, int(14, 1)), /external data/],
    [
      "the same, by its place",
      tensorOf(int(1, 1), float, name, message(13, text(1, "location"))),
      /external data/,
    ],
    ["sparse weights", fileOf([...int(1, 8), ...message(7, message(1), message(15))]), /sparse/],
    [
      "two tensors of one name",
      fileOf([
        ...int(1, 8),
        ...message(
          7,
          message(1, text(4, "Erf")),
          message(5, int(1, 1), float, name, raw(4)),
          message(5, int(1, 1), float, name, raw(4)),
        ),
      ]),
      /two tensors are named "w"/,
    ],
    ["a length beyond its end", Uint8Array.of(8, 8, 0x3a, 100, 0), /ends within a field/],
    [
      "a varint that does not end",
      Uint8Array.of(8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
      /varint/,
    ],
    ["a varint that is cut off", Uint8Array.of(8, 8, 0x3a, 0x80), /varint/],
    ["a wire type that is none", Uint8Array.of(8, 8, 0x3b, 1), /type/],
    [
      "a packed list beyond its end",
      tensorOf(message(1, [Uint8Array.of(1)]).slice(0, 2) as Encoded, float, name),
      /./,
    ],
  ];
  it.each(cases)("with %s is refused", async (_name, bytes, reason) => {
    const error = await read(bytes).catch((caught) => caught);
    expect(error).toBeInstanceOf(QragError);
    expect(error.code).toBe("CHECKPOINT_INVALID");
    expect(error.message).toMatch(reason);
  });

  it("of any kind is refused or read, and nothing else", async () => {
    const sound = fileOf(
      encodeModel({
        ...bertGraph(matMul),
        initializers: bertGraph(matMul).initializers.slice(0, 12),
      }),
    );
    const edit = fc.record({
      at: fc.nat(),
      value: fc.integer({ min: 0, max: 255 }),
      cut: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (edits, cuts) => {
          const bytes = sound.slice(
            0,
            cuts ? 3 + (edits[0]!.cut % (sound.length - 3)) : sound.length,
          );
          for (const { at, value } of edits) {
            // The first three bytes tell what the file is.
            bytes[3 + (at % (bytes.length - 3))] = value;
          }
          const error = await read(bytes).then(
            () => undefined,
            (caught) => caught,
          );
          if (error !== undefined) expect(error).toBeInstanceOf(QragError);
        },
      ),
      { seed: 9, numRuns: 600 },
    );
  });
});
