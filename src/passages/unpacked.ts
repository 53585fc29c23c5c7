// How much a ZIP archive unpacks to, found by unpacking it and keeping nothing: what it says of itself may be wrong.
import { inflateRawSync } from "node:zlib";

const endLength = 22;
const headerLength = 46;
const localLength = 30;
const signatures = { header: 0x02014b50, local: 0x04034b50 } as const;
const deflated = 8;

/** Throws where it is more than `most` bytes, or not an archive. */
export function checkUnpacked(bytes: Uint8Array, most: number): void {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = most;
  try {
    for (const { method, data } of entriesOf(archive)) {
      left -= method === deflated ? inflatedLength(data, left) : data.length;
      if (left < 0) break;
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") {
      throw new Error("damaged, encrypted, or not what its ending says", { cause });
    }
    left = -1;
  }
  if (left < 0) throw new Error(`unpacks to more than ${most} bytes`);
}

function inflatedLength(data: Buffer, most: number): number {
  return data.length === 0 ? 0 : inflateRawSync(data, { maxOutputLength: most + 1 }).length;
}

/** Reads beyond the end throw, and so does what is not where it should be. */
function* entriesOf(archive: Buffer): Generator<{ method: number; data: Buffer }, void> {
  const end = archive.lastIndexOf(Uint8Array.of(0x50, 0x4b, 0x05, 0x06));
  if (end < 0 || end + endLength > archive.length) throw new Error("no directory");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  // What reads it afterwards would look for another directory: that of a large archive, or one farther behind.
  const large = [4, 6, 8, 10].some((field) => archive.readUInt16LE(end + field) === 0xffff);
  if (large || at + archive.readUInt32LE(end + 12) !== end) throw new Error("another directory");
  for (let entry = 0; entry < count; entry++) {
    expectAt(archive, at, signatures.header);
    const method = archive.readUInt16LE(at + 10);
    const length = archive.readUInt32LE(at + 20);
    const local = archive.readUInt32LE(at + 42);
    expectAt(archive, local, signatures.local);
    const names = archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const start = local + localLength + names;
    if (start + length > archive.length) throw new Error("cut off");
    yield { method, data: archive.subarray(start, start + length) };
    const lengths = [28, 30, 32].map((field) => archive.readUInt16LE(at + field));
    at += headerLength + lengths.reduce((sum, each) => sum + each, 0);
  }
}

function expectAt(archive: Buffer, at: number, signature: number): void {
  if (archive.readUInt32LE(at) !== signature) throw new Error(`no header at ${at}`);
}
