// Encodes an ONNX model: the few protobuf messages of onnx.proto that a graph of plain operators needs.

/** Bytes not joined yet: a model's weights are copied once, when the file is written. */
export type Encoded = readonly Uint8Array[];

export const elementTypes = { float: 1, uint8: 2, int8: 3, int64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

export interface Tensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | BigInt64Array;
}

export interface Value {
  readonly name: string;
  readonly type: ElementType;
  /** A name stands for a size that only a run knows. */
  readonly shape: readonly (number | string)[];
}

export interface Attribute {
  readonly name: string;
  readonly value:
    | { readonly int: number }
    | { readonly float: number }
    | { readonly ints: number[] };
}

export interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Attribute[];
}

export interface Graph {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

const irVersion = 8; // what ONNX 1.12 wrote with opset 17

/** Numbers, lengths included, go out seven bits at a time, the lowest first; negative ones as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

const wire = { varint: 0, bytes: 2, fixed32: 5 } as const;
const key = (field: number, type: number) => varint(field * 8 + type);
const join = (parts: readonly Encoded[]): Encoded => parts.flat();

export const int = (field: number, value: number): Encoded => [
  key(field, wire.varint),
  varint(value),
];

export const float = (field: number, value: number): Encoded => [
  key(field, wire.fixed32),
  new Uint8Array(Float32Array.of(value).buffer),
];

export function message(field: number, ...parts: readonly Encoded[]): Encoded {
  const body = join(parts);
  const length = body.reduce((sum, bytes) => sum + bytes.length, 0);
  return [key(field, wire.bytes), varint(length), ...body];
}

export const bytes = (field: number, value: Uint8Array): Encoded => message(field, [value]);
export const text = (field: number, value: string): Encoded =>
  bytes(field, new TextEncoder().encode(value));

const each = <T>(items: readonly T[], encode: (item: T) => Encoded): Encoded =>
  items.flatMap(encode);

/** TensorProto; raw_data is little-endian, as the memory of every machine that Node runs on. */
function tensor(field: number, { name, type, shape, data }: Tensor): Encoded {
  return message(
    field,
    each(shape, (size) => int(1, size)),
    int(2, elementTypes[type]),
    text(8, name),
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
}

/** ValueInfoProto around TypeProto.Tensor around TensorShapeProto. */
function value(field: number, { name, type, shape }: Value): Encoded {
  const dimension = (size: number | string) =>
    message(1, typeof size === "number" ? int(1, size) : text(2, size));
  const tensorType = message(1, int(1, elementTypes[type]), message(2, each(shape, dimension)));
  return message(field, text(1, name), message(2, tensorType));
}

/** AttributeProto: each kind of value has a field, and a number in field 20 says which is meant. */
function attribute({ name, value: given }: Attribute): Encoded {
  if ("float" in given) return message(5, text(1, name), float(2, given.float), int(20, 1));
  if ("int" in given) return message(5, text(1, name), int(3, given.int), int(20, 2));
  const ints = each(given.ints, (item) => int(8, item));
  return message(5, text(1, name), ints, int(20, 7));
}

/** NodeProto */
function node({ operator, inputs, outputs, attributes }: GraphNode): Encoded {
  return message(
    1,
    each(inputs, (name) => text(1, name)),
    each(outputs, (name) => text(2, name)),
    text(3, `${operator}_${outputs[0]}`),
    text(4, operator),
    each(attributes, attribute),
  );
}

/** ModelProto: the content of an .onnx file. */
export function encodeModel(graph: Graph): Encoded {
  return join([
    int(1, irVersion),
    text(2, "qrag-bench"),
    message(
      7,
      each(graph.nodes, node),
      text(2, graph.name),
      each(graph.initializers, (item) => tensor(5, item)),
      each(graph.inputs, (item) => value(11, item)),
      each(graph.outputs, (item) => value(12, item)),
    ),
    message(8, text(1, ""), int(2, graph.opset)),
  ]);
}
