// Builds an ONNX graph operator by operator; matrices and embeddings in fp32, or as onnxruntime's quantize_dynamic leaves them.
import {
  type Attribute,
  type ElementType,
  type Encoded,
  encodeModel,
  type GraphNode,
  type Tensor,
  type Value,
} from "./encode.ts";

/**
 * "int8-reduced" uses half of the range, as quantize_dynamic's reduce_range does: without VNNI, x86 adds two products of
 * int8 and uint8 in 16 bits, where larger ones do not fit.
 */
export type WeightType = "fp32" | "int8" | "int8-reduced";

/** A weight by the name of its place in the model, row by row: PyTorch's order. */
export type Weights = (name: string, shape: readonly number[]) => Float32Array;

const opset = 17;

export class GraphBuilder {
  readonly #weightType: WeightType;
  readonly #weights: Weights;
  readonly #nodes: GraphNode[] = [];
  readonly #initializers: Tensor[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  /** What DynamicQuantizeLinear made of a value: products that share the value share it. */
  readonly #quantized = new Map<string, { values: string; scale: string; zeroPoint: string }>();

  constructor(weightType: WeightType, weights: Weights) {
    this.#weightType = weightType;
    this.#weights = weights;
  }

  input(name: string, type: ElementType, shape: readonly (number | string)[]): string {
    this.#inputs.push({ name, type, shape });
    return name;
  }

  output(value: string, name: string, shape: readonly (number | string)[]): void {
    this.#nodes.push({ operator: "Identity", inputs: [value], outputs: [name], attributes: [] });
    this.#outputs.push({ name, type: "float", shape });
  }

  encode(name: string): Encoded {
    return encodeModel({
      name,
      opset,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  /** Adds an operator with one output, and names that. */
  add(operator: string, inputs: readonly string[], attributes: readonly Attribute[] = []): string {
    return this.#addNode(operator, inputs, 1, attributes)[0]!;
  }

  floats(shape: readonly number[], data: readonly number[] | Float32Array): string {
    return this.#constant(
      "float",
      shape,
      data instanceof Float32Array ? data : Float32Array.from(data),
    );
  }

  ints(...items: readonly number[]): string {
    return this.#constant("int64", [items.length], BigInt64Array.from(items.map(BigInt)));
  }

  /** An integer of no dimension: an index that takes its dimension away. */
  index(item: number): string {
    return this.#constant("int64", [], BigInt64Array.of(BigInt(item)));
  }

  /** A weight that stays in fp32. */
  weight(name: string, shape: readonly number[]): string {
    return this.floats(shape, this.#weights(name, shape));
  }

  reshape(x: string, ...shape: readonly number[]): string {
    return this.add("Reshape", [x, this.ints(...shape)]);
  }

  transpose(x: string, ...order: number[]): string {
    return this.add("Transpose", [x], [{ name: "perm", value: { ints: order } }]);
  }

  gather(values: string, indices: string, axis: number): string {
    return this.add("Gather", [values, indices], [{ name: "axis", value: { int: axis } }]);
  }

  /** The part [from, to) of an axis; `to` may be a value of the graph. */
  slice(x: string, axis: number, from: number, to: number | string): string {
    const end = typeof to === "string" ? to : this.ints(to);
    return this.add("Slice", [x, this.ints(from), end, this.ints(axis)]);
  }

  /** x * weight^T: [..., inner] -> [..., outer]. The weight has PyTorch's shape [outer, inner]. */
  linear(x: string, name: string, inner: number, outer: number): string {
    const weight = this.#weights(name, [outer, inner]);
    if (this.#weightType === "fp32") {
      return this.add("MatMul", [x, this.floats([inner, outer], transposed(weight, inner, outer))]);
    }
    const { values, scales } = this.#quantizedRows(weight, inner, outer);
    const matrix = this.#constant("int8", [inner, outer], transposed(values, inner, outer));
    const zero = this.#constant("int8", [outer], new Int8Array(outer));
    const rows = this.#quantize(x);
    const sums = this.add("MatMulInteger", [rows.values, matrix, rows.zeroPoint, zero]);
    const scale = this.add("Mul", [rows.scale, this.floats([outer], scales)]);
    return this.add("Mul", [this.add("Cast", [sums], [{ name: "to", value: { int: 1 } }]), scale]);
  }

  linearWithBias(x: string, name: string, inner: number, outer: number): string {
    const product = this.linear(x, `${name}.weight`, inner, outer);
    return this.add("Add", [product, this.weight(`${name}.bias`, [outer])]);
  }

  /** Rows of a table: quantized ones have one scale for the whole table, as Gather's have. */
  embedding(ids: string, name: string, rows: number, width: number): string {
    const table = this.#weights(name, [rows, width]);
    if (this.#weightType === "fp32") return this.gather(this.floats([rows, width], table), ids, 0);
    const { values, scales } = this.#quantizedRows(table, rows * width, 1);
    const gathered = this.gather(this.#constant("int8", [rows, width], values), ids, 0);
    const zero = this.#constant("int8", [], new Int8Array(1));
    return this.add("DequantizeLinear", [gathered, this.floats([], scales), zero]);
  }

  /** Symmetric int8 with one scale a row. */
  #quantizedRows(rows: Float32Array, length: number, count: number) {
    const most = this.#weightType === "int8-reduced" ? 64 : 127;
    const values = new Int8Array(rows.length);
    const scales = new Float32Array(count);
    for (let row = 0; row < count; row++) {
      let largest = 0;
      for (let i = row * length; i < (row + 1) * length; i++) {
        largest = Math.max(largest, Math.abs(rows[i]!));
      }
      const scale = largest / most || 1;
      scales[row] = scale;
      for (let i = row * length; i < (row + 1) * length; i++) {
        values[i] = Math.round(rows[i]! / scale);
      }
    }
    return { values, scales };
  }

  #quantize(x: string) {
    const known = this.#quantized.get(x);
    if (known) return known;
    const [values, scale, zeroPoint] = this.#addNode("DynamicQuantizeLinear", [x], 3);
    const made = { values: values!, scale: scale!, zeroPoint: zeroPoint! };
    this.#quantized.set(x, made);
    return made;
  }

  #addNode(
    operator: string,
    inputs: readonly string[],
    count: number,
    attributes: readonly Attribute[] = [],
  ): string[] {
    const outputs = Array.from({ length: count }, (_, i) => `v${this.#nodes.length}_${i}`);
    this.#nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  #constant(type: ElementType, shape: readonly number[], data: Tensor["data"]): string {
    const name = `c${this.#initializers.length}`;
    this.#initializers.push({ name, type, shape, data });
    return name;
  }
}

/** [outer, inner] -> [inner, outer] */
function transposed<T extends Float32Array | Int8Array>(rows: T, inner: number, outer: number): T {
  const result = rows.slice() as T;
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) result[j * outer + i] = rows[i * inner + j]!;
  }
  return result;
}
