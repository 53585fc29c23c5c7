// Reads a zip archive of the kind torch.save writes: stored entries, end to end. Whatever two readers could
// understand in two ways (overlaps, gaps, equal names, headers that disagree) is refused with its reason.

import { quote } from "../../base/quote.ts";
import type { ByteSource } from "../../gguf/source.ts";
import { crc32 } from "./crc32.ts";
import {
  full32,
  invalidZip,
  type ListedEntry,
  readZip64Extra,
  readZipDirectory,
  viewOf,
} from "./zip_directory.ts";

export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** `length` bytes from `offset`, by default all of them; the whole entry's checksum is verified first. */
  read(offset?: number, length?: number): Promise<Uint8Array>;
}

const localBytes = 30;
/** Bit 3 of the flags: checksum and sizes follow the data. */
const descriptorFlag = 0x0008;
/** Bytes of what follows the data then: signature, checksum, two sizes of 4 or of 8 bytes. */
const descriptorBytes: readonly number[] = [16, 24];
const checksumPiece = 4 * 1024 * 1024;

/** The entries by name, in the order of the archive's directory. */
export async function readZip(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const directory = await readZipDirectory(source);
  const names = new Set<string>();
  for (const { name } of directory.entries) {
    const folded = name.toLowerCase();
    if (names.has(folded)) {
      throw invalidZip(
        `two entries are named ${quote(name)}, at most differing in upper and lower case`,
      );
    }
    names.add(folded);
  }
  const starts = await checkLayout(source, directory.entries, directory.offset);
  return new Map(
    directory.entries.map((entry) => [entry.name, openEntry(source, entry, starts.get(entry)!)]),
  );
}

/** The entries must fill the file from its first byte to the directory. Returns where the data of each begins. */
async function checkLayout(
  source: ByteSource,
  entries: readonly ListedEntry[],
  directoryOffset: number,
): Promise<Map<ListedEntry, number>> {
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  const starts = new Map<ListedEntry, number>();
  let expected = 0;
  for (const [index, entry] of ordered.entries()) {
    if (entry.offset !== expected) {
      const kind =
        entry.offset < expected ? "overlaps what stands before it" : "has unused bytes before it";
      throw invalidZip(`entry ${quote(entry.name)} ${kind}`);
    }
    const start = await checkLocalHeader(source, entry, directoryOffset);
    const dataEnd = start + entry.size;
    const next = ordered[index + 1]?.offset ?? directoryOffset;
    if (dataEnd > next)
      throw invalidZip(`entry ${quote(entry.name)} overlaps what stands behind it`);
    if (entry.flags & descriptorFlag) await checkDescriptor(source, entry, dataEnd, next - dataEnd);
    else if (dataEnd !== next)
      throw invalidZip(`entry ${quote(entry.name)} has unused bytes behind it`);
    starts.set(entry, start);
    expected = next;
  }
  if (expected !== directoryOffset) throw invalidZip("there are unused bytes before its directory");
  return starts;
}

async function checkLocalHeader(
  source: ByteSource,
  entry: ListedEntry,
  limit: number,
): Promise<number> {
  const where = `entry ${quote(entry.name)}`;
  const nameEnd = localBytes + entry.nameBytes.length;
  if (entry.offset + nameEnd > limit) throw invalidZip(`${where} lies outside the archive`);
  const head = await source.read(entry.offset, nameEnd);
  const view = viewOf(head);
  if (view.getUint32(0, true) !== 0x04034b50)
    throw invalidZip(`${where} does not begin with a header`);
  const extraLength = view.getUint16(28, true);
  const start = entry.offset + nameEnd + extraLength;
  if (start > limit) throw invalidZip(`${where} lies outside the archive`);
  const sameName =
    view.getUint16(26, true) === entry.nameBytes.length &&
    entry.nameBytes.every((byte, index) => byte === head[localBytes + index]);
  if (!sameName) throw invalidZip(`${where} has another name in its own header`);

  const crc = view.getUint32(14, true);
  const fields = { size: view.getUint32(22, true), stored: view.getUint32(18, true) };
  if (fields.size === full32 || fields.stored === full32) {
    readZip64Extra(await source.read(entry.offset + nameEnd, extraLength), fields, entry.name);
  }
  const equal = crc === entry.crc && fields.size === entry.size && fields.stored === entry.size;
  const left =
    entry.flags & descriptorFlag && crc === 0 && fields.size === 0 && fields.stored === 0;
  const flagsAndMethod = view.getUint16(6, true) === entry.flags && view.getUint16(8, true) === 0;
  if (!flagsAndMethod || !(equal || left))
    throw invalidZip(`${where} is described differently in its own header`);
  return start;
}

async function checkDescriptor(
  source: ByteSource,
  entry: ListedEntry,
  offset: number,
  length: number,
): Promise<void> {
  const where = `entry ${quote(entry.name)}`;
  if (!descriptorBytes.includes(length))
    throw invalidZip(`${where} is not followed by its sizes alone`);
  const view = viewOf(await source.read(offset, length));
  const wide = length === 24;
  const stored = wide ? view.getBigUint64(8, true) : BigInt(view.getUint32(8, true));
  const size = wide ? view.getBigUint64(16, true) : BigInt(view.getUint32(12, true));
  const expected = BigInt(entry.size);
  const same =
    view.getUint32(0, true) === 0x08074b50 &&
    view.getUint32(4, true) === entry.crc &&
    stored === expected &&
    size === expected;
  if (!same) throw invalidZip(`${where} is followed by sizes that differ from the directory's`);
}

function openEntry(source: ByteSource, entry: ListedEntry, start: number): ZipEntry {
  let verified = false;
  return {
    name: entry.name,
    size: entry.size,
    async read(offset = 0, length = entry.size - offset) {
      if (offset < 0 || length < 0 || offset + length > entry.size) {
        throw new RangeError(
          `bytes ${offset}..${offset + length} are outside entry ${quote(entry.name)}`,
        );
      }
      if (!verified && length === entry.size) {
        const bytes = await source.read(start, length);
        verified = checkSum(entry, crc32(bytes));
        return bytes;
      }
      verified ||= checkSum(entry, await sumInPieces(source, start, entry.size));
      return source.read(start + offset, length);
    },
  };
}

async function sumInPieces(source: ByteSource, start: number, size: number): Promise<number> {
  let crc = 0;
  for (let at = 0; at < size; at += checksumPiece) {
    crc = crc32(await source.read(start + at, Math.min(checksumPiece, size - at)), crc);
  }
  return crc;
}

function checkSum(entry: ListedEntry, crc: number): true {
  if (crc === entry.crc) return true;
  throw invalidZip(
    `entry ${quote(entry.name)} does not match its checksum; the file is damaged ` +
      "(or was saved after torch.serialization.set_crc32_options(False): save it again without)",
  );
}
