// A tensor of an ONNX file: what its fields say, checked against one another, and its values.
import { quote } from "../../base/quote.ts";
import { invalid } from "../errors.ts";
import { type Dtype, dtypeBytes, toFloat32 } from "./dtype.ts";
import { elementCount, type SourceTensor } from "./source_tensor.ts";

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

export function damaged(reason: string) {
  return invalid(`not a usable ONNX file: ${reason}`);
}

/** Its values are in `data` as they lie in memory, or one by one in `integers`. */
export function openTensor(
  name: string,
  type: number,
  shape: readonly number[],
  data: Uint8Array | undefined,
  integers: readonly number[],
): SourceTensor {
  const where = `tensor ${quote(name)}`;
  const dtype = dtypes.get(type);
  if (!dtype) throw damaged(`${where} has the element type ${type}, which is not supported`);
  if (integers.length > 0 && (dtype === "F32" || dtype === "F64")) {
    throw damaged(`${where} is ${dtype}, but its values are stored as integers`);
  }
  const count = elementCount(shape);
  if (count === undefined || shape.some((size) => size < 0)) {
    throw damaged(`${where} has the impossible shape [${shape.join(", ")}]`);
  }
  const byteLength = count * dtypeBytes[dtype];
  const held = data ? data.length : integers.length * dtypeBytes[dtype];
  if (held !== byteLength) {
    throw damaged(`${where} has ${held} bytes, which is not ${dtype} of shape [${shape}]`);
  }
  const values = data ? undefined : valuesOf(dtype, integers);
  const read = async () => values ?? toFloat32(dtype, data!);
  return { name, dtype, shape, byteLength, storage: name, read };
}

/** Integers stand for themselves; those of a 16-bit float type are its bit patterns. */
function valuesOf(dtype: Dtype, integers: readonly number[]): Float32Array {
  if (dtype !== "F16" && dtype !== "BF16") return Float32Array.from(integers);
  return toFloat32(dtype, new Uint8Array(Uint16Array.from(integers).buffer));
}
