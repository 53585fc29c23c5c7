// Reads a GGUF header from untrusted bytes: whatever is accepted lies wholly inside the file.
import { Cursor, HeaderIncomplete } from "./cursor.ts";
import {
  alignUp,
  type GgufFile,
  limits,
  magic,
  readableVersions,
  type TensorInfo,
  type TensorTypeName,
  tensorBytes,
  tensorTypeNames,
  tensorTypes,
  unreadTensorTypes,
} from "./format.ts";
import { alignmentOf, readMetadata, readName } from "./metadata.ts";
import type { ByteSource } from "./source.ts";

/** Holds the header of a model with 32,000 tokens and its tokenizer.json. Where it does not, each try is twice as long. */
const firstPiece = 4 * 1024 * 1024;

const swappedMagic = 0x47475546;
const byteSwapped = "the file is byte-swapped (big-endian); only little-endian GGUF is read";

/** Reads and checks the header of a file; the tensors' bytes are left alone. */
export async function readGguf(source: ByteSource): Promise<GgufFile> {
  let length = firstPiece;
  for (;;) {
    length = Math.min(length, source.size, limits.headerBytes);
    const bytes = await source.read(0, length);
    try {
      return parseHeader(bytes, source.size);
    } catch (error) {
      if (!(error instanceof HeaderIncomplete)) throw error;
      length = Math.max(length * 2, error.needed);
    }
  }
}

/**
 * The header at the beginning of `bytes`, which are the whole file or its first part. Throws HeaderIncomplete when
 * that part is too short, GgufError when the file is bad.
 */
export function parseHeader(bytes: Uint8Array, fileSize: number): GgufFile {
  const cursor = new Cursor(bytes, fileSize);
  checkMagic(cursor);
  const version = readVersion(cursor);
  const tensorCount = cursor.count("the number of tensors", limits.tensors);
  const entryCount = cursor.count("the number of metadata entries", limits.entries);
  const metadata = readMetadata(cursor, entryCount);
  const alignment = alignmentOf(metadata);
  const records = readTensorRecords(cursor, tensorCount);
  const dataOffset = alignUp(cursor.offset, alignment);
  const tensors = placeTensors(cursor, records, { dataOffset, alignment, fileSize });
  return { version, alignment, metadata, tensors, dataOffset, size: fileSize };
}

function checkMagic(cursor: Cursor): void {
  const found = cursor.u32("the magic number");
  if (found === magic) return;
  if (found === swappedMagic) cursor.fail("unsupported", byteSwapped, 0);
  cursor.fail("invalid", 'not a GGUF file: it does not begin with "GGUF"', 0);
}

function readVersion(cursor: Cursor): number {
  const at = cursor.offset;
  const version = cursor.u32("the version");
  if (readableVersions.includes(version)) return version;
  if (version === 0) cursor.fail("invalid", "GGUF version 0 does not exist", at);
  // A big-endian 3 reads as 3 * 2^24.
  if (version % 0x10000 === 0) cursor.fail("unsupported", byteSwapped, at);
  const remedy = version === 1 ? "convert the model again" : "a newer qrag may read it";
  cursor.fail("unsupported", `GGUF version ${version} is not read (2 and 3 are); ${remedy}`, at);
}

/** A tensor as its record claims it, `offset` counted from the beginning of the data; `at` is where that is said. */
interface TensorRecord extends TensorInfo {
  readonly at: number;
}

function readTensorRecords(cursor: Cursor, count: number): TensorRecord[] {
  const records = new Map<string, TensorRecord>();
  for (let index = 0; index < count; index++) {
    const begin = cursor.offset;
    cursor.subject = undefined;
    const name = readName(cursor, "a tensor's name", limits.tensorNameBytes);
    cursor.subject = name;
    if (records.has(name)) cursor.fail("invalid", "two tensors have this name", begin);
    records.set(name, readTensorRecord(cursor, name));
  }
  return [...records.values()];
}

function readTensorRecord(cursor: Cursor, name: string): TensorRecord {
  const begin = cursor.offset;
  const dimensions = cursor.u32("the number of dimensions");
  if (dimensions < 1 || dimensions > limits.dimensions) {
    cursor.fail(
      "invalid",
      `${dimensions} dimensions, where 1 to ${limits.dimensions} are allowed`,
      begin,
    );
  }
  const shape: number[] = [];
  while (shape.length < dimensions) {
    const at = cursor.offset;
    shape.push(cursor.count("a dimension", limits.dimension));
    if (shape.at(-1) === 0) cursor.fail("invalid", "a dimension is 0", at);
  }
  const type = readTensorType(cursor);
  const byteLength = tensorBytes({ name, type, shape }, begin);
  const at = cursor.offset;
  const offset = cursor.count("the offset", Number.MAX_SAFE_INTEGER);
  return { name, type, shape, offset, byteLength, at };
}

function readTensorType(cursor: Cursor): TensorTypeName {
  const at = cursor.offset;
  const id = cursor.u32("the tensor's type");
  const type = tensorTypeNames.find((name) => tensorTypes[name].id === id);
  if (type !== undefined) return type;
  const name = unreadTensorTypes.get(id) ?? "unknown";
  cursor.fail(
    "unsupported",
    `tensor type ${id} (${name}) is not read; these are: ${tensorTypeNames.join(", ")}`,
    at,
  );
}

interface Placement {
  readonly dataOffset: number;
  readonly alignment: number;
  readonly fileSize: number;
}

/**
 * Proves that the tensors follow one another in the order of their records, with nothing but padding between them and
 * after the last, all inside the file; ggml asks for the same.
 */
function placeTensors(
  cursor: Cursor,
  records: readonly TensorRecord[],
  { dataOffset, alignment, fileSize }: Placement,
): TensorInfo[] {
  // Without tensors the file may end with its header.
  let end = cursor.offset;
  const tensors = records.map(({ at, offset: relative, ...record }) => {
    cursor.subject = record.name;
    const offset = dataOffset + relative;
    const expected = alignUp(end, alignment);
    if (relative % alignment !== 0) {
      cursor.fail(
        "invalid",
        `its offset ${relative} is no multiple of the alignment ${alignment}`,
        at,
      );
    }
    if (offset < expected)
      cursor.fail("invalid", `its offset ${relative} lies inside the tensor before it`, at);
    if (offset > expected) {
      cursor.fail(
        "invalid",
        `its offset ${relative} leaves a gap of ${offset - expected} bytes before it`,
        at,
      );
    }
    end = offset + record.byteLength;
    if (end > fileSize) {
      cursor.fail(
        "truncated",
        `it needs the file to have ${end} bytes, and it has ${fileSize}`,
        at,
      );
    }
    return { ...record, offset };
  });
  cursor.subject = undefined;
  const last = alignUp(end, alignment);
  if (fileSize > last) {
    cursor.fail("invalid", `${fileSize - last} bytes follow the end of the data`, last);
  }
  return tensors;
}
