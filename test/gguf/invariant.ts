// What must hold of every header that is accepted, computed apart from the reader, in exact integers.
import { expect } from "vitest";
import { GgufError, type GgufFile } from "../../gguf/format.ts";
import { parseHeader } from "../../gguf/read.ts";

/** Values and bytes of a block, as ggml-common.h has them. */
const blocks: Record<string, [bigint, bigint]> = {
  F32: [1n, 4n],
  F16: [1n, 2n],
  BF16: [1n, 2n],
  Q8_0: [32n, 34n],
  Q4_0: [32n, 18n],
  Q4_K: [256n, 144n],
  Q6_K: [256n, 210n],
};

/** Every tensor has the bytes its shape asks for, lies inside the file, and shares no byte with another. */
export function expectInside(file: GgufFile): void {
  let end = BigInt(file.dataOffset);
  for (const { type, shape, offset, byteLength } of file.tensors) {
    const [values, bytes] = blocks[type]!;
    const elements = shape.reduce((product, dimension) => product * BigInt(dimension), 1n);
    expect(elements).toBeGreaterThan(0n);
    expect((elements * bytes) % values).toBe(0n);
    expect(BigInt(byteLength)).toBe((elements * bytes) / values);
    expect(offset % file.alignment).toBe(0);
    expect(BigInt(offset)).toBeGreaterThanOrEqual(end);
    end = BigInt(offset) + BigInt(byteLength);
  }
  if (file.tensors.length > 0) expect(end).toBeLessThanOrEqual(BigInt(file.size));
}

/** Reads bytes that may be damaged in any way: a typed error or a sound header, nothing else. */
export function readDamaged(bytes: Uint8Array): "refused" | "accepted" {
  let file: GgufFile;
  try {
    file = parseHeader(bytes, bytes.length);
  } catch (error) {
    expect(error).toBeInstanceOf(GgufError);
    return "refused";
  }
  expectInside(file);
  return "accepted";
}
