// The messages of an ONNX file that its weights need: nodes with their attributes, and initializers. Nothing is computed.
import Pbf from "pbf";
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { type Dtype, dtypeBytes, toFloat32 } from "./dtype.ts";
import { elementCount, maximumTensors, type SourceTensor } from "./source_tensor.ts";

export interface OnnxNode {
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  readonly float: number;
  readonly int: number;
  readonly text: string;
  readonly tensor: SourceTensor | undefined;
}

export interface OnnxModel {
  readonly producer: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, SourceTensor>;
}

/** Exported encoders have a few thousand. */
const maxNodes = 100_000;
/** Of inputs, outputs and attributes of one node. */
const maxParts = 4096;
const maxRank = 16;

/** ONNX's numbers of element types; others are text, or narrower than a byte. */
const dtypes: ReadonlyMap<number, Dtype> = new Map([
  [1, "F32"],
  [2, "U8"],
  [3, "I8"],
  [5, "I16"],
  [6, "I32"],
  [7, "I64"],
  [9, "BOOL"],
  [10, "F16"],
  [11, "F64"],
  [16, "BF16"],
]);

/** Field numbers of onnx.proto. */
const model = { producer: 2, graph: 7 } as const;
const graph = { node: 1, initializer: 5, sparse: 15 } as const;
const node = { input: 1, output: 2, operator: 4, attribute: 5, domain: 7 } as const;
const attribute = { name: 1, float: 2, int: 3, text: 4, tensor: 5 } as const;
const tensor = {
  dims: 1,
  type: 2,
  floats: 4,
  int32s: 5,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  external: 13,
  location: 14,
} as const;

/** How a field is written. */
const wire = { varint: 0, bytes: 2, fixed32: 5 } as const;

export function readOnnx(bytes: Uint8Array): OnnxModel {
  let producer = "";
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, SourceTensor>();
  const readGraph = (tag: number, pbf: Pbf) => {
    if (tag === graph.node) nodes.push(readNode(bytesOf(pbf)));
    else if (tag === graph.sparse) throw damaged("it has sparse weights, which are not read");
    else if (tag === graph.initializer) {
      const found = readTensor(bytesOf(pbf));
      if (initializers.has(found.name)) throw damaged(`two tensors are named ${quote(found.name)}`);
      initializers.set(found.name, found);
    }
    if (nodes.length > maxNodes) throw damaged(`its graph has more than ${maxNodes} nodes`);
    if (initializers.size > maximumTensors) throw damaged(`more than ${maximumTensors} tensors`);
  };
  readFields(bytes, (tag, pbf) => {
    if (tag === model.producer) producer = textOf(pbf);
    else if (tag === model.graph) readFields(bytesOf(pbf), readGraph);
  });
  if (nodes.length === 0) throw damaged("it has no graph");
  return { producer, nodes, initializers };
}

function damaged(reason: string) {
  return invalid(`not a usable ONNX file: ${reason}`);
}

/** Calls `read` with each field's number; what it leaves unread is skipped. No field may reach over the end. */
function readFields(bytes: Uint8Array, read: (tag: number, pbf: Pbf) => void): void {
  const pbf = new Pbf(bytes);
  try {
    pbf.readFields((tag) => {
      if (pbf.pos > pbf.length) throw new RangeError("it ends within a field");
      read(tag, pbf);
      if (pbf.pos > pbf.length) throw new RangeError("it ends within a field");
    }, undefined);
  } catch (error) {
    if (error instanceof Error && error.name === "QragError") throw error;
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  if (pbf.pos !== pbf.length) throw damaged("it ends within a field");
}

function readNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let operator = "";
  let domain = "";
  readFields(bytes, (tag, pbf) => {
    if (tag === node.input) inputs.push(textOf(pbf));
    else if (tag === node.output) outputs.push(textOf(pbf));
    else if (tag === node.operator) operator = textOf(pbf);
    else if (tag === node.domain) domain = textOf(pbf);
    else if (tag === node.attribute) {
      const { name, value } = readAttribute(bytesOf(pbf));
      attributes.set(name, value);
    }
    if (inputs.length + outputs.length + attributes.size > maxParts) {
      throw damaged(`a node has more than ${maxParts} inputs, outputs and attributes`);
    }
  });
  return { operator, domain: domain === "ai.onnx" ? "" : domain, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array): { name: string; value: OnnxAttribute } {
  let name = "";
  let float = 0;
  let int = 0;
  let text = "";
  let value: SourceTensor | undefined;
  readFields(bytes, (tag, pbf) => {
    if (tag === attribute.name) name = textOf(pbf);
    else if (tag === attribute.float) float = readFloat(pbf);
    else if (tag === attribute.int) int = intOf(pbf);
    else if (tag === attribute.text) text = textOf(pbf);
    else if (tag === attribute.tensor) value = readTensor(bytesOf(pbf));
  });
  return { name, value: { float, int, text, tensor: value } };
}

function checkWire(pbf: Pbf, type: number): void {
  if (pbf.type !== type) throw new RangeError(`a field has the wire type ${pbf.type}, not ${type}`);
}

function bytesOf(pbf: Pbf): Uint8Array {
  checkWire(pbf, wire.bytes);
  return pbf.readBytes();
}

function textOf(pbf: Pbf): string {
  checkWire(pbf, wire.bytes);
  return pbf.readString();
}

function intOf(pbf: Pbf): number {
  checkWire(pbf, wire.varint);
  return pbf.readVarint(true);
}

/** The library reads floats from the beginning of the memory that its bytes lie in. */
function readFloat(pbf: Pbf): number {
  checkWire(pbf, wire.fixed32);
  const { buf, pos } = pbf;
  const value = new DataView(buf.buffer, buf.byteOffset, buf.byteLength).getFloat32(pos, true);
  pbf.pos = pos + 4;
  return value;
}

function readTensor(bytes: Uint8Array): SourceTensor {
  const shape: number[] = [];
  const numbers: number[] = [];
  let type = 0;
  let name = "";
  let data: Uint8Array | undefined;
  readFields(bytes, (tag, pbf) => {
    const packed = pbf.type === wire.bytes;
    if (tag === tensor.dims) readInto(shape, pbf, packed, maxRank);
    else if (tag === tensor.type) type = intOf(pbf);
    else if (tag === tensor.name) name = textOf(pbf);
    else if (tag === tensor.raw || ((tag === tensor.floats || tag === tensor.doubles) && packed)) {
      data = bytesOf(pbf);
    } else if (tag === tensor.int32s || tag === tensor.int64s) {
      readInto(numbers, pbf, packed, bytes.length);
    } else if (tag === tensor.external || (tag === tensor.location && intOf(pbf) !== 0)) {
      throw damaged("its weights lie in another file (external data), which is not read");
    }
  });
  return openTensor(name, type, shape, data, numbers);
}

function readInto(into: number[], pbf: Pbf, packed: boolean, max: number): void {
  if (!packed) checkWire(pbf, wire.varint);
  const end = packed ? pbf.readVarint() + pbf.pos : pbf.pos + 1;
  do {
    if (into.length >= max) throw damaged(`a list is longer than ${max}`);
    if (pbf.pos < end) into.push(pbf.readVarint(true));
  } while (packed && pbf.pos < Math.min(end, pbf.length));
  if (packed && pbf.pos !== end) throw damaged("it ends within a field");
}

function openTensor(
  name: string,
  type: number,
  shape: readonly number[],
  data: Uint8Array | undefined,
  numbers: readonly number[],
): SourceTensor {
  const where = `tensor ${quote(name)}`;
  const dtype = dtypes.get(type);
  if (!dtype) throw damaged(`${where} has the element type ${type}, which is not supported`);
  const count = elementCount(shape);
  if (count === undefined || shape.some((size) => size < 0)) {
    throw damaged(`${where} has the impossible shape [${shape.join(", ")}]`);
  }
  const byteLength = count * dtypeBytes[dtype];
  const held = data ? data.length : numbers.length * dtypeBytes[dtype];
  if (held !== byteLength) {
    throw damaged(`${where} has ${held} bytes, which is not ${dtype} of shape [${shape}]`);
  }
  const read = async () => (data ? toFloat32(dtype, data) : Float32Array.from(numbers));
  return { name, dtype, shape, byteLength, storage: name, read };
}
