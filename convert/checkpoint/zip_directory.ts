// The end records and the central directory of a zip archive: what it says it holds. Nothing is read on its word.

import type { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import type { ByteSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";

/** A line of the central directory. */
export interface ListedEntry {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  /** Where the local header stands. */
  readonly offset: number;
}

export interface ZipDirectory {
  readonly entries: readonly ListedEntry[];
  readonly offset: number;
}

/** The largest checkpoints have a few thousand storages. */
export const maximumEntries = 65_536;
/** Names are like "archive/data/123"; the limit also bounds the directory's length. */
export const maximumNameBytes = 1_024;

const endBytes = 22;
const end64Bytes = 56;
const locatorBytes = 20;
const centralBytes = 46;
/** Header id, length, and at most three 64-bit fields and a disk number. */
const maximumExtraBytes = 32;
export const full16 = 0xffff;
export const full32 = 0xffffffff;
/** Bit 3: checksum and sizes follow the data. Bit 11: the name is UTF-8. torch.save sets no other. */
const allowedFlags = 0x0808;

export function invalidZip(reason: string): QragError {
  return invalid(`not a zip archive as torch.save writes it: ${reason}`);
}

export async function readZipDirectory(source: ByteSource): Promise<ZipDirectory> {
  const { count, offset, length } = await readEnd(source);
  const bytes = await source.read(offset, length);
  const view = viewOf(bytes);
  const entries: ListedEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + centralBytes > length) throw invalidZip("its directory is cut off");
    if (view.getUint32(at, true) !== 0x02014b50) {
      throw invalidZip(`entry ${index} of its directory does not begin with a directory signature`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + centralBytes + nameLength + extraLength;
    if (end > length) throw invalidZip("its directory is cut off");
    entries.push(parseEntry(bytes.subarray(at, end), nameLength));
    at = end;
  }
  if (at !== length)
    throw invalidZip(`its directory has ${length - at} bytes that belong to no entry`);
  return { entries, offset };
}

/** The end records stand at the very end of the file and touch the directory: nothing needs to be searched for. */
async function readEnd(
  source: ByteSource,
): Promise<{ count: number; offset: number; length: number }> {
  const tailLength = Math.min(source.size, end64Bytes + locatorBytes + endBytes);
  const tailOffset = source.size - tailLength;
  const tail = viewOf(await source.read(tailOffset, tailLength));
  const end = tailLength - endBytes;
  if (end < 0 || tail.getUint32(end, true) !== 0x06054b50) {
    throw invalidZip(
      "the file does not end with an end record; it was cut off, or something was appended",
    );
  }
  if (tail.getUint16(end + 20, true) !== 0) throw invalidZip("it announces a comment");
  let count = tail.getUint16(end + 10, true);
  let length = tail.getUint32(end + 12, true);
  let offset = tail.getUint32(end + 16, true);
  const disks = tail.getUint32(end + 4, true);
  if (disks !== 0 || tail.getUint16(end + 8, true) !== count)
    throw invalidZip("it has several parts");

  let directoryEnd = tailOffset + end;
  const locator = end - locatorBytes;
  if (locator >= 0 && tail.getUint32(locator, true) === 0x07064b50) {
    directoryEnd = tailOffset + locator - end64Bytes;
    const wide = readEnd64(tail, locator, directoryEnd);
    const agrees =
      (count === full16 || count === wide.count) &&
      (length === full32 || length === wide.length) &&
      (offset === full32 || offset === wide.offset);
    if (!agrees) throw invalidZip("its 32-bit and 64-bit end records disagree");
    ({ count, length, offset } = wide);
  }
  if (count > maximumEntries) {
    throw invalidZip(`it lists ${count} entries; at most ${maximumEntries} are read`);
  }
  if (offset + length !== directoryEnd) {
    throw invalidZip(
      `its directory (${length} bytes at ${offset}) does not end at ${directoryEnd}`,
    );
  }
  if (length > count * (centralBytes + maximumNameBytes + maximumExtraBytes)) {
    throw invalidZip("its directory is too long for its entries");
  }
  return { count, offset, length };
}

function readEnd64(
  tail: DataView,
  locator: number,
  fileOffset: number,
): { count: number; length: number; offset: number } {
  const at = locator - end64Bytes;
  if (
    at < 0 ||
    tail.getUint32(at, true) !== 0x06064b50 ||
    number64(tail, at + 4) !== end64Bytes - 12
  ) {
    throw invalidZip("its 64-bit end record is missing or of an unusual length");
  }
  if (number64(tail, locator + 8) !== fileOffset) {
    throw invalidZip("its 64-bit end record is not where its locator says");
  }
  const disks =
    tail.getUint32(at + 16, true) |
    tail.getUint32(at + 20, true) |
    tail.getUint32(locator + 4, true);
  const count = number64(tail, at + 32);
  if (
    disks !== 0 ||
    tail.getUint32(locator + 16, true) !== 1 ||
    number64(tail, at + 24) !== count
  ) {
    throw invalidZip("it has several parts");
  }
  return { count, length: number64(tail, at + 40), offset: number64(tail, at + 48) };
}

function parseEntry(bytes: Uint8Array, nameLength: number): ListedEntry {
  const view = viewOf(bytes);
  const nameBytes = bytes.subarray(centralBytes, centralBytes + nameLength);
  const name = checkName(nameBytes);
  const flags = view.getUint16(8, true);
  const method = view.getUint16(10, true);
  const size = view.getUint32(24, true);
  const fields = { size, stored: view.getUint32(20, true), offset: view.getUint32(42, true) };
  const extra = bytes.subarray(centralBytes + nameLength);
  readZip64Extra(extra, fields, name);
  if (flags & 0x2041) throw invalidZip(`entry ${quote(name)} is encrypted`);
  if (flags & ~allowedFlags)
    throw invalidZip(`entry ${quote(name)} has flags 0x${flags.toString(16)}`);
  if (method !== 0 || fields.stored !== fields.size) {
    throw invalidZip(
      `entry ${quote(name)} is compressed (method ${method}); torch.save stores entries as they are, ` +
        "so save it again: torch.save(torch.load(p), p)",
    );
  }
  if (view.getUint16(32, true) !== 0) throw invalidZip(`entry ${quote(name)} has a comment`);
  if (view.getUint16(34, true) !== 0) throw invalidZip("it has several parts");
  return {
    name,
    nameBytes,
    flags,
    crc: view.getUint32(16, true),
    size: fields.size,
    offset: fields.offset,
  };
}

/** Fills the fields that are all ones from the extra field 0x0001, in the order the format prescribes. */
export function readZip64Extra(
  extra: Uint8Array,
  fields: { size: number; stored: number; offset?: number },
  name: string,
): void {
  const view = viewOf(extra);
  let wide: DataView | undefined;
  for (let at = 0; at < extra.length; ) {
    const length = at + 4 <= extra.length ? view.getUint16(at + 2, true) : full32;
    if (at + 4 + length > extra.length)
      throw invalidZip(`entry ${quote(name)} has a broken extra field`);
    if (view.getUint16(at, true) === 1) {
      if (wide) throw invalidZip(`entry ${quote(name)} has two 64-bit extra fields`);
      wide = viewOf(extra.subarray(at + 4, at + 4 + length));
    }
    at += 4 + length;
  }
  let at = 0;
  for (const key of ["size", "stored", "offset"] as const) {
    if (fields[key] !== full32) continue;
    if (!wide || at + 8 > wide.byteLength) {
      throw invalidZip(`entry ${quote(name)} announces a 64-bit ${key} and does not have it`);
    }
    fields[key] = number64(wide, at);
    at += 8;
  }
}

function checkName(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > maximumNameBytes) {
    throw invalidZip(
      `an entry's name has ${bytes.length} bytes; 1 to ${maximumNameBytes} are allowed`,
    );
  }
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalidZip("an entry's name is not UTF-8");
  }
  const parts = name.split("/");
  const control = bytes.some((byte) => byte < 0x20 || byte === 0x7f);
  if (
    control ||
    name.includes("\\") ||
    parts.includes("..") ||
    parts.includes(".") ||
    parts.includes("")
  ) {
    throw invalidZip(`entry name ${quote(name)} is not a plain relative path`);
  }
  return name;
}

function number64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalidZip(`it holds the impossible size ${value}`);
  return Number(value);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
