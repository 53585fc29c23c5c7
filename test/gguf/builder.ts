// Builds GGUF bytes field by field, right or wrong; shares no code with gguf/, so that both cannot be wrong alike.

type Part = Uint8Array;

export function join(...parts: Part[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function u8(value: number): Part {
  return Uint8Array.of(value);
}

export function u32(value: number): Part {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Part {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function f32(value: number): Part {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** A string with its length, or with another length that is claimed. */
export function text(content: string | Part, claimed?: number | bigint): Part {
  const bytes = Buffer.from(content);
  return join(u64(claimed ?? bytes.length), bytes);
}

export const valueType = { u8: 0, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10 };

/** A metadata entry: its key, its type's number, its value's bytes. */
export function entry(key: string | Part, type: number, ...value: Part[]): Part {
  return join(text(key), u32(type), ...value);
}

export interface TensorRecord {
  name?: string | Part;
  dimensionCount?: number;
  shape?: (number | bigint)[];
  type?: number;
  offset?: number | bigint;
}

/** The record of a tensor; by default 8 floats at the beginning of the data. */
export function tensor(record: TensorRecord = {}): Part {
  const { name = "t", shape = [8], type = 0, offset = 0 } = record;
  const dimensions = shape.map((dimension) => u64(dimension));
  const count = u32(record.dimensionCount ?? shape.length);
  return join(text(name), count, ...dimensions, u32(type), u64(offset));
}

export interface FileParts {
  magic?: string;
  version?: number;
  tensorCount?: number | bigint;
  entryCount?: number | bigint;
  entries?: Part[];
  tensors?: Part[];
  /** What the header is padded to; it is not written as an entry. */
  alignment?: number;
  /** Bytes after the padded header. */
  dataBytes?: number;
}

/** A whole file; by default an empty one, which is valid. */
export function file(parts: FileParts = {}): Uint8Array {
  const { magic = "GGUF", version = 3, entries = [], tensors = [], alignment = 32 } = parts;
  const header = join(
    Buffer.from(magic),
    u32(version),
    u64(parts.tensorCount ?? tensors.length),
    u64(parts.entryCount ?? entries.length),
    ...entries,
    ...tensors,
  );
  const padding = (alignment - (header.length % alignment)) % alignment;
  return join(header, new Uint8Array(padding), new Uint8Array(parts.dataBytes ?? 0));
}

/** A small valid file with every kind of field. */
export function sampleFile(): Uint8Array {
  const { string, array, bool } = valueType;
  return file({
    entries: [
      entry("general.architecture", string, text("qrag")),
      entry("general.alignment", valueType.u32, u32(32)),
      entry("a.flag", bool, u8(1)),
      entry("a.float", valueType.f32, f32(0.5)),
      entry("a.words", array, u32(string), u64(2), text("né"), text("")),
      entry("a.ids", array, u32(valueType.i32), u64(3), u32(1), u32(2), u32(3)),
    ],
    tensors: [
      tensor({ name: "one", shape: [8, 3] }),
      tensor({ name: "two", shape: [32, 2], type: 8, offset: 96 }),
      tensor({ name: "three", shape: [5], offset: 192 }),
    ],
    dataBytes: 224,
  });
}
