// The GGUF format as data: value types, tensor types, limits, and the one error class of this folder.
import { quote } from "../base/quote.ts";

/**
 * Why a file was refused. `truncated`: it ends too early. `invalid`: it breaks the format or contradicts itself.
 * `unsupported`: it may be sound, but holds something this reader does not know.
 */
export type GgufErrorKind = "truncated" | "invalid" | "unsupported";

/** Where something is wrong: a byte of the file, and the metadata key or tensor that was being read. */
export interface ErrorPlace {
  readonly offset?: number;
  readonly key?: string;
}

/** Every failure of gguf/. */
export class GgufError extends Error {
  override readonly name = "GgufError";
  readonly kind: GgufErrorKind;
  readonly offset: number | undefined;
  readonly key: string | undefined;

  constructor(kind: GgufErrorKind, message: string, where: ErrorPlace = {}) {
    const { offset, key } = where;
    const named = key === undefined ? "" : `${quote(key)}: `;
    super(`${named}${message}${offset === undefined ? "" : ` (at byte ${offset})`}`);
    this.kind = kind;
    this.offset = offset;
    this.key = key;
  }
}

/** "GGUF" read as a little-endian u32. */
export const magic = 0x46554747;
/** Version 3 added big-endian files to 2, nothing else; 1 had 32-bit counts and no file of this project uses it. */
export const readableVersions: readonly number[] = [2, 3];
export const writtenVersion = 3;
export const defaultAlignment = 32;

/**
 * What a file may claim. Each is far above every real model and small enough that the work and the memory it allows
 * are bounded.
 */
export const limits = {
  /** Metadata entries. Large files hold about 60. */
  entries: 4096,
  /** Tensors. 512 blocks of 10 tensors are 5,120; mixtures of experts reach some 20,000. */
  tensors: 65_536,
  /** Bytes of a key. The longest in use has 60. */
  keyBytes: 256,
  /** Bytes of a tensor's name: ggml stores it in 64 bytes with a closing zero. */
  tensorNameBytes: 63,
  /** Bytes of a string value. The largest tokenizer.json in use (256,000 tokens) has 35 MB. */
  stringBytes: 64 * 1024 * 1024,
  /** Elements of all arrays together. 262,144 tokens with scores, types and twice as many merges are 1.3 million. */
  arrayElements: 4 * 1024 * 1024,
  /** Bytes before the tensor data: the largest vocabularies and their tokenizer.json, several times over. */
  headerBytes: 256 * 1024 * 1024,
  /** ggml's own maximum. */
  dimensions: 4,
  /** One dimension fits an int32, so that no consumer's index wraps. */
  dimension: 2 ** 31 - 1,
  alignmentMin: 8,
  /** A page; real files use 32. */
  alignmentMax: 4096,
} as const;

/** What JavaScript holds for each scalar type. */
export interface ValueTypes {
  u8: number;
  i8: number;
  u16: number;
  i16: number;
  u32: number;
  i32: number;
  f32: number;
  bool: boolean;
  string: string;
  u64: bigint;
  i64: bigint;
  f64: number;
}

export type ScalarType = keyof ValueTypes;

/** Any scalar as JavaScript holds it. */
export type Scalar = ValueTypes[ScalarType];

export type ScalarValue = {
  [T in ScalarType]: { readonly type: T; readonly value: ValueTypes[T] };
}[ScalarType];

export type ArrayValue = {
  [T in ScalarType]: {
    readonly type: "array";
    readonly of: T;
    readonly value: readonly ValueTypes[T][];
  };
}[ScalarType];

/** A metadata value with its exact type. Arrays of arrays exist in the format and are refused. */
export type MetadataValue = ScalarValue | ArrayValue;

/** A file's metadata, in its order. */
export type Metadata = ReadonlyMap<string, MetadataValue>;

/** The tensor types that are read and written: number in the file, values and bytes of one block. */
export const tensorTypes = {
  F32: { id: 0, blockLength: 1, blockBytes: 4 },
  F16: { id: 1, blockLength: 1, blockBytes: 2 },
  BF16: { id: 30, blockLength: 1, blockBytes: 2 },
  Q8_0: { id: 8, blockLength: 32, blockBytes: 34 },
  Q4_0: { id: 2, blockLength: 32, blockBytes: 18 },
  Q4_K: { id: 12, blockLength: 256, blockBytes: 144 },
  Q6_K: { id: 14, blockLength: 256, blockBytes: 210 },
} as const;

export type TensorTypeName = keyof typeof tensorTypes;

export const tensorTypeNames = Object.keys(tensorTypes) as readonly TensorTypeName[];

/** Types that exist in ggml and are not read, so that an error can name them. */
export const unreadTensorTypes: ReadonlyMap<number, string> = new Map([
  [3, "Q4_1"],
  [6, "Q5_0"],
  [7, "Q5_1"],
  [9, "Q8_1"],
  [10, "Q2_K"],
  [11, "Q3_K"],
  [13, "Q5_K"],
  [15, "Q8_K"],
  [16, "IQ2_XXS"],
  [17, "IQ2_XS"],
  [18, "IQ3_XXS"],
  [19, "IQ1_S"],
  [20, "IQ4_NL"],
  [21, "IQ3_S"],
  [22, "IQ2_S"],
  [23, "IQ4_XS"],
  [24, "I8"],
  [25, "I16"],
  [26, "I32"],
  [27, "I64"],
  [28, "F64"],
  [29, "IQ1_M"],
  [34, "TQ1_0"],
  [35, "TQ2_0"],
  [39, "MXFP4"],
  [40, "NVFP4"],
]);

/** Bytes of one row. `rowLength` must be a multiple of the type's block length; `where` goes into the error. */
export function rowBytes(type: TensorTypeName, rowLength: number, where: ErrorPlace = {}): number {
  const { blockLength, blockBytes } = tensorTypes[type];
  const blocks = rowLength / blockLength;
  if (!Number.isInteger(blocks)) {
    const problem = `a row of ${rowLength} values is no whole number of ${type} blocks of ${blockLength}`;
    throw new GgufError("invalid", problem, where);
  }
  return blocks * blockBytes;
}

/**
 * Bytes of a tensor. Exact below 2^53, since no dimension is 0 and partial products only grow; above, rounded but
 * still above, so that a comparison with a file's size is always right.
 */
export function tensorBytes({ type, shape, name }: TensorEntry, offset?: number): number {
  const where = offset === undefined ? { key: name } : { key: name, offset };
  const [rowLength = 0, ...others] = shape;
  return others.reduce((bytes, dimension) => bytes * dimension, rowBytes(type, rowLength, where));
}

/** The next multiple of `alignment`, a power of two, from `offset` on. */
export function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** A tensor as a header names it, its place aside. `shape` in ggml's order: row length first. */
export interface TensorEntry {
  readonly name: string;
  readonly type: TensorTypeName;
  readonly shape: readonly number[];
}

/** A stored tensor; `offset` counts from the beginning of the file. */
export interface TensorInfo extends TensorEntry {
  readonly offset: number;
  readonly byteLength: number;
}

/** A file's header, checked: every tensor lies inside the file, and no two share a byte. */
export interface GgufFile {
  readonly version: number;
  readonly alignment: number;
  readonly metadata: Metadata;
  /** In the order of their data. */
  readonly tensors: readonly TensorInfo[];
  readonly dataOffset: number;
  readonly size: number;
}
