// A made-up vector of a text: counts of its words, each at a place that its hash tells.
import { createHash } from "node:crypto";

export function bagOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    const hash = createHash("sha256").update(word).digest();
    vector[hash.readUInt32LE(0) % dimensions]! += hash[4]! < 128 ? 1 : -1;
  }
  return vector;
}
