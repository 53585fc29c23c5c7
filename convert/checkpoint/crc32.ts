// CRC-32 as zip uses it, eight bytes a step. Node has its own only since 20.15, and we promise 20.0.

const polynomial = 0xedb88320;

/** tables[k][b]: what byte b contributes when k more bytes follow it. */
const tables = makeTables();

function makeTables(): Int32Array[] {
  const rows = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    rows[0]![byte] = crc;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let row = 1; row < 8; row++) {
      const before = rows[row - 1]![byte]!;
      rows[row]![byte] = rows[0]![before & 0xff]! ^ (before >>> 8);
    }
  }
  return rows;
}

/** The checksum of `bytes`, going on from `start`, the checksum of what came before them. */
export function crc32(bytes: Uint8Array, start = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Int32Array, ...Int32Array[]];
  let crc = ~start;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7![crc & 0xff]! ^
      t6![(crc >>> 8) & 0xff]! ^
      t5![(crc >>> 16) & 0xff]! ^
      t4![crc >>> 24]! ^
      t3![bytes[at + 4]!]! ^
      t2![bytes[at + 5]!]! ^
      t1![bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}
