// What an ONNX graph says of its weights: their names where the exporter took them away, how they lie, and how they are used.
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import type { Config, ConfigValue } from "./config_value.ts";
import type { OnnxModel, OnnxNode } from "./onnx_proto.ts";
import type { SourceTensor } from "./source_tensor.ts";

/** Operators of quantized models; the weights they read are rounded. */
const quantized =
  /^(DynamicQuantizeLinear|DequantizeLinear|QuantizeLinear|MatMulInteger|QLinear.*|QGemm|MatMulNBits|DynamicQuantize.*)$/;

/** Refuses graphs whose weights are not what PyTorch had. */
export function checkGraph({ nodes, initializers }: OnnxModel): void {
  const rounding = nodes.find(({ operator }) => quantized.test(operator));
  if (rounding) {
    throw invalid(
      `the ONNX model is quantized (${rounding.operator}): its weights are rounded. Convert the float model`,
    );
  }
  for (const { name, dtype, shape } of initializers.values()) {
    if ((dtype === "I8" || dtype === "U8") && shape.length > 1) {
      throw invalid(`the ONNX model is quantized: ${quote(name)} holds ${dtype} values`);
    }
  }
  const foreign = nodes.find(({ domain }) => domain !== "");
  if (foreign) {
    throw invalid(
      `the ONNX model was optimized for one runtime (operator ${quote(foreign.operator)} of ${quote(foreign.domain)}); ` +
        "convert the model as it was exported",
    );
  }
}

/** The float weights by PyTorch's names, [out, in] as there. Constants of the graph are left out. */
export function namedWeights(graph: OnnxModel): Map<string, SourceTensor> {
  const consumers = consumersOf(graph.nodes);
  const named = new Map<string, SourceTensor>();
  for (const tensor of graph.initializers.values()) {
    if (!isWeight(tensor)) continue;
    const { name, transposed } = placeOf(tensor, consumers, graph);
    if (named.has(name)) {
      throw invalid(`by the graph, two weights of the ONNX model are named ${quote(name)}`);
    }
    named.set(name, transposed ? turned(tensor, name) : { ...tensor, name });
  }
  return named;
}

function isWeight({ name, dtype, shape }: SourceTensor): boolean {
  if (!["F32", "F16", "BF16", "F64"].includes(dtype) || shape.length === 0) return false;
  // A single number is a constant of the graph, unless it is the bias of a single label.
  return shape.some((size) => size > 1) || /\.(weight|bias)$/.test(name);
}

type Consumers = ReadonlyMap<string, readonly OnnxNode[]>;

function consumersOf(nodes: readonly OnnxNode[]): Consumers {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) {
      const list = consumers.get(input) ?? [];
      list.push(node);
      consumers.set(input, list);
    }
  }
  return consumers;
}

/** A matrix that is multiplied by bears the name of the bias that is added to the product. */
function placeOf(
  tensor: SourceTensor,
  consumers: Consumers,
  { initializers }: OnnxModel,
): { name: string; transposed: boolean } {
  const users = consumers.get(tensor.name) ?? [];
  const product = users.find(
    ({ operator, inputs }) =>
      (operator === "MatMul" || operator === "Gemm") && inputs[1] === tensor.name,
  );
  if (!product || tensor.shape.length !== 2) return { name: tensor.name, transposed: false };
  const isGemm = product.operator === "Gemm";
  const sums = (consumers.get(product.outputs[0] ?? "") ?? []).filter(
    ({ operator }) => operator === "Add",
  );
  const addends = isGemm ? [product.inputs[2]] : sums.flatMap(({ inputs }) => inputs);
  const bias = addends.find(
    (name) => name !== undefined && initializers.get(name)?.shape.length === 1,
  );
  const told = bias?.endsWith(".bias") ? bias.replace(/bias$/, "weight") : tensor.name;
  return {
    name: tensor.name.endsWith(".weight") ? tensor.name : told,
    transposed: !(isGemm && product.attributes.get("transB")?.int === 1),
  };
}

/** The same matrix with rows and columns exchanged. */
function turned(tensor: SourceTensor, name: string): SourceTensor {
  const [rows = 0, columns = 0] = tensor.shape;
  return {
    ...tensor,
    name,
    shape: [columns, rows],
    async read() {
      const values = await tensor.read();
      const result = new Float32Array(values.length);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          result[column * rows + row] = values[row * columns + column]!;
        }
      }
      return result;
    },
  };
}

/** What the graph computes, in a configuration's words, as far as it can be told. */
export async function configOf(graph: OnnxModel): Promise<Config> {
  const operators = new Set(graph.nodes.map(({ operator }) => operator));
  const config = new Map<string, ConfigValue>([["hidden_act", activationOf(graph, operators)]]);
  const producers = new Map(
    graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)),
  );
  const constant = async (name: string | undefined): Promise<Float32Array | undefined> => {
    const stored = graph.initializers.get(name ?? "");
    const made = producers.get(name ?? "");
    const value =
      stored ?? (made?.operator === "Constant" ? made.attributes.get("value")?.tensor : undefined);
    return value && value.byteLength <= 64 ? value.read() : undefined;
  };
  const epsilons = new Set<number>();
  const heads = new Set<number>();
  for (const { operator, inputs, attributes } of graph.nodes) {
    if (operator === "LayerNormalization") {
      epsilons.add(rounded(attributes.get("epsilon")?.float ?? 1e-5));
    }
    if (operator === "Sqrt") {
      const sum = producers.get(inputs[0] ?? "");
      for (const input of sum?.operator === "Add" ? sum.inputs : []) {
        const value = await constant(input);
        if (value?.length === 1) epsilons.add(rounded(value[0]!));
      }
    }
    if (operator === "Reshape") {
      const count = await headsOf(inputs[1], producers, constant);
      if (count !== undefined) heads.add(count);
    }
  }
  const [epsilon] = epsilons;
  if (epsilons.size === 1) config.set("layer_norm_eps", epsilon!);
  const [count] = heads;
  if (heads.size === 1) config.set("num_attention_heads", count!);
  return config;
}

function activationOf({ nodes }: OnnxModel, operators: ReadonlySet<string>): string {
  const gelu = nodes.find(({ operator }) => operator === "Gelu");
  if (gelu) return gelu.attributes.get("approximate")?.text === "tanh" ? "gelu_new" : "gelu";
  if (operators.has("Erf")) return "gelu";
  if (operators.has("Relu")) return "relu";
  return operators.has("Tanh") ? "gelu_new" : "unknown";
}

/** Of a shape with four dimensions: the third, where it and the fourth are given as numbers. */
async function headsOf(
  shape: string | undefined,
  producers: ReadonlyMap<string, OnnxNode>,
  constant: (name: string | undefined) => Promise<Float32Array | undefined>,
): Promise<number | undefined> {
  const node = producers.get(shape ?? "");
  const whole = await constant(shape);
  if (whole) return whole.length === 4 && whole[3]! > 0 && whole[2]! > 0 ? whole[2] : undefined;
  if (node?.operator !== "Concat" || node.inputs.length !== 4) return undefined;
  const [heads, width] = [await constant(node.inputs[2]), await constant(node.inputs[3])];
  return heads?.length === 1 && width?.length === 1 && heads[0]! > 0 ? heads[0] : undefined;
}

/** A single-precision constant as it was written: 1e-12, and not 9.999999960041972e-13. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
