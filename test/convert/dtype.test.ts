// Conversion of element types to F32: exact where F32 can be, for every pattern of the half types.
import { describe, expect, it } from "vitest";
import { isDtype, toFloat32 } from "../../convert/checkpoint/dtype.ts";

const patterns = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

describe("toFloat32", () => {
  it("gives a half's sign, exponent and fraction, for all of them", () => {
    const floats = toFloat32("F16", new Uint8Array(patterns.buffer));
    const expected = Array.from(patterns, (pattern) => {
      const [exponent, fraction] = [(pattern >> 10) & 31, pattern & 1023];
      const magnitude =
        exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : exponent === 0
            ? fraction / 2 ** 24
            : (1024 + fraction) * 2 ** (exponent - 25);
      return pattern & 0x8000 ? -magnitude : magnitude;
    });
    expect(patterns.filter((pattern) => !Object.is(floats[pattern], expected[pattern]))).toEqual(
      new Uint16Array(),
    );
  });

  it("gives a bfloat's pattern as the upper half of the float's, for all of them", () => {
    const floats = toFloat32("BF16", new Uint8Array(patterns.buffer));
    const bits = new Uint32Array(floats.buffer);
    expect(bits.every((bit, pattern) => bit === (pattern << 16) >>> 0)).toBe(true);
  });

  it("reads from any offset in a buffer", () => {
    const bytes = new Uint8Array(13);
    bytes.set(new Uint8Array(Float32Array.of(1.5, -2, 3).buffer), 1);
    expect([...toFloat32("F32", bytes.subarray(1))]).toEqual([1.5, -2, 3]);
  });

  it("rounds doubles", () => {
    const bytes = new Uint8Array(Float64Array.of(0.1, 1e300).buffer);
    expect([...toFloat32("F64", bytes)]).toEqual([Math.fround(0.1), Number.POSITIVE_INFINITY]);
  });
});

it("complex numbers have a size and no use", () => {
  expect(isDtype("C64")).toBe(true);
  expect(() => toFloat32("C64", new Uint8Array(8))).toThrow(/complex/);
});

describe("isDtype", () => {
  it("knows its names only", () => {
    expect(isDtype("BF16")).toBe(true);
    for (const name of ["bf16", "F8_E4M3", "toString", "__proto__"])
      expect(isDtype(name)).toBe(false);
  });
});
