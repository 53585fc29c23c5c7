// Reads a safetensors file: eight bytes of length, a JSON header, and the tensors end to end with no holes.

import { quote } from "../../base/quote.ts";
import type { ByteSource } from "../../gguf/source.ts";
import { dtypeBytes, isDtype, toFloat32 } from "./dtype.ts";
import {
  type HeaderEntry,
  invalidSafetensors,
  parseSafetensorsHeader,
} from "./safetensors_header.ts";
import { elementCount, type SourceTensor } from "./source_tensor.ts";

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The format allows 100 MB, which would block for seconds; 16 MiB describe a hundred thousand tensors. */
export const maximumHeaderBytes = 16 * 1024 * 1024;
const lengthBytes = 8;

export async function readSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { text, dataOffset } = await readHeader(source);
  const { tensors: entries, metadata } = parseSafetensorsHeader(text);
  checkOffsets(entries, source.size - dataOffset);
  const tensors = new Map<string, SourceTensor>();
  for (const [name, entry] of entries) {
    tensors.set(name, openTensor(source, name, entry, dataOffset));
  }
  return { tensors, metadata };
}

async function readHeader(source: ByteSource): Promise<{ text: string; dataOffset: number }> {
  if (source.size < lengthBytes) throw invalidSafetensors("it is shorter than its length field");
  const head = await source.read(0, lengthBytes);
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maximumHeaderBytes)) {
    throw invalidSafetensors(
      `its header has ${length} bytes; at most ${maximumHeaderBytes} are read`,
    );
  }
  const dataOffset = lengthBytes + Number(length);
  if (dataOffset > source.size) throw invalidSafetensors("its header is cut off");
  const bytes = await source.read(lengthBytes, Number(length));
  if (bytes[0] !== 0x7b) throw invalidSafetensors('its header does not begin with "{"');
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), dataOffset };
  } catch {
    throw invalidSafetensors("its header is not UTF-8");
  }
}

/** Every byte behind the header belongs to exactly one tensor. */
function checkOffsets(entries: ReadonlyMap<string, HeaderEntry>, size: number): void {
  const ordered = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const [name, { begin, end }] of ordered) {
    if (begin < expected) throw invalidSafetensors(`tensor ${quote(name)} overlaps another`);
    if (begin > expected) throw invalidSafetensors(`there are unused bytes before ${quote(name)}`);
    if (end < begin || end > size) {
      throw invalidSafetensors(
        `tensor ${quote(name)} (bytes ${begin} to ${end}) is outside the file`,
      );
    }
    expected = end;
  }
  if (expected !== size) throw invalidSafetensors(`${size - expected} bytes at its end are unused`);
}

function openTensor(
  source: ByteSource,
  name: string,
  { dtype, shape, begin, end }: HeaderEntry,
  dataOffset: number,
): SourceTensor {
  if (!isDtype(dtype)) {
    throw invalidSafetensors(`tensor ${quote(name)} has the unsupported type ${quote(dtype)}`);
  }
  const count = elementCount(shape);
  if (count === undefined || count * dtypeBytes[dtype] !== end - begin) {
    throw invalidSafetensors(
      `tensor ${quote(name)} has ${end - begin} bytes, which is not ${dtype} of shape [${shape.join(", ")}]`,
    );
  }
  return {
    name,
    dtype,
    shape,
    byteLength: end - begin,
    storage: `${begin}`,
    read: async () => toFloat32(dtype, await source.read(dataOffset + begin, end - begin)),
  };
}
