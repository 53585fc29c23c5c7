// Builds what torch.save writes: the pickle of an object with tensors in it, and the archive around both.
import {
  type Code,
  call,
  global,
  int,
  orderedDict,
  persistentId,
  pickleOf,
  text,
  tupleOf,
  value,
} from "./pickle_builder.ts";
import { type BuiltEntry, buildZip, bytesOf, concat } from "./zip_builder.ts";

export interface TensorFields {
  /** Key of the storage, and the number of its elements as the pickle claims it. */
  key?: string;
  elements?: number;
  storageType?: string;
  shape?: readonly number[];
  strides?: readonly number[];
  offset?: number;
}

const numbers = (list: readonly number[]): Code => tupleOf(...list.map((item) => int(item)));

export function rowStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

export function storageCode({
  key = "0",
  elements = 6,
  storageType = "torch FloatStorage",
}: TensorFields): Code {
  const [module, name] = storageType.split(" ");
  return concat([
    tupleOf(text("storage"), global(module!, name!), text(key), text("cpu"), int(elements)),
    persistentId,
  ]);
}

export function tensorCode(tensor: TensorFields = {}): Code {
  const { shape = [2, 3], strides = rowStrides(shape), offset = 0 } = tensor;
  return call(
    "torch._utils",
    "_rebuild_tensor_v2",
    storageCode(tensor),
    int(offset),
    numbers(shape),
    numbers(strides),
    value(false),
    orderedDict(),
  );
}

export function parameterCode(tensor: TensorFields = {}): Code {
  return call("torch._utils", "_rebuild_parameter", tensorCode(tensor), value(true), orderedDict());
}

export function floats(...items: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(items).buffer);
}

/** The archive: `object` pickled, storages by key. */
export function torchFile(
  object: unknown,
  storages: Record<string, Uint8Array> = { 0: floats(1, 2, 3, 4, 5, 6) },
  more: BuiltEntry[] = [],
): Uint8Array {
  return torchArchive(pickleOf(value(object)), storages, more);
}

export function torchArchive(
  pickle: Uint8Array,
  storages: Record<string, Uint8Array>,
  more: BuiltEntry[] = [],
): Uint8Array {
  return buildZip(
    [
      { name: "model/data.pkl", data: pickle, descriptor: true },
      ...more,
      ...Object.entries(storages).map(([key, data]) => ({
        name: `model/data/${key}`,
        data,
        descriptor: data.length > 0,
      })),
      { name: "model/version", data: bytesOf("3\n"), descriptor: true },
    ],
    { wide: true },
  );
}
