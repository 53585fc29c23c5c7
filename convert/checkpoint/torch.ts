// Reads what torch.save writes: a zip archive with a pickle of the object, and an entry for each storage.

import { quote } from "../../base/quote.ts";
import type { ByteSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";
import { type Dtype, dtypeBytes, toFloat32 } from "./dtype.ts";
import { readPickle } from "./pickle.ts";
import {
  InertRecord,
  PersistentId,
  type Pickled,
  PickledGlobal,
  PickledTuple,
} from "./pickle_values.ts";
import { elementCount, type SourceTensor } from "./source_tensor.ts";
import { gather, isContiguous, lastElement, type StridedView, viewFault } from "./strides.ts";
import { readZip, type ZipEntry } from "./zip.ts";

export interface TorchFile {
  /** The saved object. */
  readonly value: Pickled;
  /** Every class or function the pickle names, torch's own ones for tensors left out. */
  readonly foreignNames: readonly string[];
  /** The tensor that `value` rebuilds; undefined when it is plain data, an error when it is anything else. */
  tensor(name: string, value: Pickled): SourceTensor | undefined;
}

/** PyTorch itself stops at 64. */
const maximumRank = 16;

const storageTypes: ReadonlyMap<string, Dtype> = new Map([
  ["torch.DoubleStorage", "F64"],
  ["torch.FloatStorage", "F32"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ShortStorage", "I16"],
  ["torch.CharStorage", "I8"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
  ["torch.ComplexFloatStorage", "C64"],
  ["torch.UntypedStorage", "U8"],
  ["torch.storage.UntypedStorage", "U8"],
]);

const dtypes: ReadonlyMap<string, Dtype> = new Map([
  ["torch.float64", "F64"],
  ["torch.float32", "F32"],
  ["torch.float16", "F16"],
  ["torch.bfloat16", "BF16"],
  ["torch.int64", "I64"],
  ["torch.int32", "I32"],
  ["torch.int16", "I16"],
  ["torch.int8", "I8"],
  ["torch.uint8", "U8"],
  ["torch.bool", "BOOL"],
  ["torch.complex64", "C64"],
]);

const rebuildTensor = "torch._utils._rebuild_tensor_v2";
const rebuildTensorOfDtype = "torch._utils._rebuild_tensor_v3";
/** Functions whose first argument is the tensor itself. */
const wrappers = ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"];
/** For subclasses of Tensor: (function, class, its arguments, state). */
const rebuildSubclass = "torch._tensor._rebuild_from_type_v2";
const knownNames: ReadonlySet<string> = new Set([
  ...storageTypes.keys(),
  ...dtypes.keys(),
  ...wrappers,
  rebuildTensor,
  rebuildTensorOfDtype,
  rebuildSubclass,
  "collections.OrderedDict",
  "torch.Size",
  "torch.device",
  "torch.nn.parameter.Parameter",
]);

export async function readTorch(source: ByteSource): Promise<TorchFile> {
  const entries = await readZip(source);
  const folder = archiveFolder(entries);
  const pickle = entries.get(`${folder}/data.pkl`);
  if (!pickle) throw invalid("the zip archive holds no data.pkl; it was not written by torch.save");
  if (entries.has(`${folder}/constants.pkl`)) {
    throw invalid(
      "the file is a TorchScript program; save the weights instead: torch.save(model.state_dict(), p)",
    );
  }
  await checkByteOrder(entries.get(`${folder}/byteorder`));
  const { value, globals } = readPickle(await pickle.read());
  return {
    value,
    foreignNames: [...globals].filter((name) => !knownNames.has(name)),
    tensor: (name, item) => rebuild(name, item, (key) => entries.get(`${folder}/data/${key}`)),
  };
}

/** torch.save puts everything under one folder, named after the file. */
function archiveFolder(entries: ReadonlyMap<string, ZipEntry>): string {
  const folders = new Set([...entries.keys()].map((name) => name.split("/", 1)[0]!));
  const [folder] = folders;
  if (folder === undefined || folders.size !== 1) {
    throw invalid("the zip archive is not one folder; it was not written by torch.save");
  }
  return folder;
}

/** Files of older versions do not say; those were all little-endian in practice. */
async function checkByteOrder(entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return;
  const text = entry.size <= 16 ? new TextDecoder().decode(await entry.read()) : "";
  if (text === "little") return;
  throw invalid(`its byte order is ${quote(text)}; save it again on a little-endian machine`);
}

type FindEntry = (key: string) => ZipEntry | undefined;

/** Wrappers hold wrappers only in a hostile file; PyTorch writes at most two around a tensor. */
const maximumWrapping = 4;

function rebuild(name: string, value: Pickled, find: FindEntry): SourceTensor | undefined {
  let record = value;
  for (let depth = 0; depth < maximumWrapping; depth++) {
    if (!(record instanceof InertRecord)) return undefined;
    const path = record.maker.path;
    const { args } = record;
    if (path === rebuildTensor) return openTensor(name, args, undefined, find);
    if (path === rebuildTensorOfDtype) return openTensor(name, args, args[6], find);
    if (wrappers.includes(path)) record = args[0] ?? null;
    else if (
      path === rebuildSubclass &&
      args[0] instanceof PickledGlobal &&
      args[2] instanceof PickledTuple
    ) {
      record = new InertRecord(args[0], args[2].items);
    } else {
      throw invalid(
        `${quote(name)} is made by ${quote(path)}, which is never called; ` +
          "save plain tensors: torch.save(model.state_dict(), p)",
      );
    }
  }
  throw invalid(`${quote(name)} is not a tensor`);
}

/** args: storage, offset, sizes, strides, requires_grad, hooks[, dtype]. */
function openTensor(
  name: string,
  args: readonly Pickled[],
  dtypeName: Pickled | undefined,
  find: FindEntry,
): SourceTensor {
  const where = `tensor ${quote(name)}`;
  const storage = openStorage(where, args[0], find);
  const dtype = dtypeName === undefined ? storage.dtype : dtypeOf(where, dtypeName);
  const bytes = dtypeBytes[dtype];
  const [offset] = wholeNumbers(where, new PickledTuple([args[1] ?? null]));
  const view = {
    offset: offset!,
    shape: wholeNumbers(where, args[2]),
    strides: wholeNumbers(where, args[3]),
  };
  const count = elementCount(view.shape);
  if (count === undefined)
    throw invalid(`${where} has the impossible shape [${view.shape.join(", ")}]`);
  const fault = viewFault(view, count, Math.floor(storage.entry.size / bytes));
  if (fault) throw invalid(`${where} has ${fault}`);
  return {
    name,
    dtype,
    shape: view.shape,
    byteLength: count * bytes,
    storage: `${storage.entry.name}+${view.offset}:${view.strides.join(",")}`,
    read: () => readView(storage.entry, dtype, view, count),
  };
}

/** The persistent id of a storage: ("storage", type, key, location, elements). */
function openStorage(
  where: string,
  value: Pickled | undefined,
  find: FindEntry,
): { entry: ZipEntry; dtype: Dtype } {
  const id = value instanceof PersistentId ? value.id : undefined;
  const [tag, type, key, , elements] = id instanceof PickledTuple ? id.items : [];
  if (tag !== "storage" || !(type instanceof PickledGlobal) || typeof key !== "string") {
    throw invalid(`${where} names no storage`);
  }
  const dtype = storageTypes.get(type.path);
  if (!dtype)
    throw invalid(
      `${where} lies in a storage of the type ${quote(type.path)}, which is not supported`,
    );
  const entry = find(key);
  if (!entry) throw invalid(`${where} lies in storage ${quote(key)}, which the file does not hold`);
  if (typeof elements !== "number" || elements * dtypeBytes[dtype] !== entry.size) {
    throw invalid(
      `${where} lies in a storage of ${String(elements)} elements, but its entry has ${entry.size} bytes`,
    );
  }
  return { entry, dtype };
}

function dtypeOf(where: string, value: Pickled): Dtype {
  const path = value instanceof PickledGlobal ? value.path : "?";
  const dtype = dtypes.get(path);
  if (!dtype) throw invalid(`${where} has the element type ${quote(path)}, which is not supported`);
  return dtype;
}

function wholeNumbers(where: string, value: Pickled | undefined): number[] {
  const items = value instanceof PickledTuple ? value.items : undefined;
  if (!items || items.length > maximumRank) throw invalid(`${where} has a malformed shape`);
  return items.map((item) => {
    if (typeof item === "number" && Number.isSafeInteger(item) && item >= 0) return item;
    throw invalid(`${where} has a malformed shape, offset or stride`);
  });
}

async function readView(
  entry: ZipEntry,
  dtype: Dtype,
  view: StridedView,
  count: number,
): Promise<Float32Array> {
  if (count === 0) return new Float32Array(0);
  const bytes = dtypeBytes[dtype];
  const elements = lastElement(view) - view.offset + 1;
  const values = toFloat32(dtype, await entry.read(view.offset * bytes, elements * bytes));
  return isContiguous(view) ? values : gather(values, view, count);
}
