// Bitmaps as a store keeps them: a bit a row, the first in the lowest bit of its byte.

export function isSet(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
}
