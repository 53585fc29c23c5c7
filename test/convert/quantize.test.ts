// Quantization through the addon: slices make no difference, errors are accounted for, bad values are refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeRows, Quantizer, TypeChoice } from "../../convert/write/quantize.ts";
import { rowBytes, type TensorTypeName, tensorTypeNames } from "../../gguf/format.ts";
import { addon } from "../../native/loader.ts";

const native = addon();

function values(count: number, seed = 1): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 12.9898) * 3);
}

describe("Quantizer", () => {
  // The largest step of each type for values up to 3, with room for the rounding of its scale.
  const steps: Record<TensorTypeName, number> = {
    F32: 0,
    F16: 3 * 2 ** -11,
    BF16: 3 * 2 ** -8,
    Q8_0: 3 / 127,
    Q4_0: 3 / 8 + 0.01,
    Q4_K: 6 / 15,
    Q6_K: 6 / 32,
  };
  for (const type of tensorTypeNames) {
    it(`${type}: gives all bytes, and the error of what they stand for`, () => {
      const rows = values(256 * 8);
      const quantizer = new Quantizer(native, "w", type);
      const bytes = Buffer.concat([...quantizer.chunks(rows, 256)]);
      expect(bytes.length).toBe(8 * rowBytes(type, 256));
      const stored = type === "F32" ? rows : native.dequantizeRows(type, bytes, 256);
      const errors = Array.from(rows, (value, i) => Math.abs(value - stored[i]!));
      const rms = (list: Iterable<number>) => Math.hypot(...list);
      expect(quantizer.error.largest).toBe(Math.max(...errors));
      expect(quantizer.error.largest).toBeLessThanOrEqual(steps[type]);
      expect(quantizer.error.relative).toBeCloseTo(rms(errors) / rms(rows), 10);
    });
  }

  it("cuts large tensors into slices without a trace", () => {
    const rowLength = 4096;
    const rows = values(rowLength * 300);
    const quantizer = new Quantizer(native, "w", "Q8_0");
    const chunks = [...quantizer.chunks(rows, rowLength)];
    expect(chunks.length).toBe(2);
    expect(Buffer.concat(chunks).equals(native.quantizeRows("Q8_0", rows, rowLength))).toBe(true);
    expect(Buffer.concat(chunks).equals(encodeRows(native, "w", "Q8_0", rows, rowLength))).toBe(
      true,
    );
  });

  it("takes the values in any pieces of whole rows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
        (pieces) => {
          const rows = values(32 * pieces.reduce((a, b) => a + b, 0));
          const quantizer = new Quantizer(native, "w", "Q4_0");
          const chunks: Uint8Array[] = [];
          let at = 0;
          for (const count of pieces) {
            chunks.push(...quantizer.chunks(rows.subarray(at, at + 32 * count), 32));
            at += 32 * count;
          }
          expect(Buffer.concat(chunks).equals(native.quantizeRows("Q4_0", rows, 32))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });

  it("has no error for zeros", () => {
    const quantizer = new Quantizer(native, "w", "Q8_0");
    for (const _ of quantizer.chunks(new Float32Array(64), 32));
    expect(quantizer.error).toEqual({ relative: 0, largest: 0 });
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const type of ["F32", "Q8_0", "Q4_K"] as const) {
      it(`refuses ${bad} as ${type}, and names the tensor`, () => {
        const rows = values(512);
        rows[300] = bad;
        const run = () => [...new Quantizer(native, "blocks.0.w", type).chunks(rows, 256)];
        expect(run).toThrow(/"blocks\.0\.w".*not finite/);
        expect(() => encodeRows(native, "blocks.0.w", type, rows, 256)).toThrow(/not finite/);
      });
    }
  }

  it("refuses values that the type cannot hold", () => {
    const run = () => [...new Quantizer(native, "w", "F16").chunks(Float32Array.of(1e5, 1), 2)];
    expect(run).toThrow(/too large for F16/);
  });
});

describe("TypeChoice", () => {
  it("falls back to half precision where rows are no whole number of blocks, and says where", () => {
    const choice = new TypeChoice();
    expect(choice.choose("a", "Q8_0", 64)).toBe("Q8_0");
    expect(choice.choose("b", "Q8_0", 48)).toBe("F16");
    expect(choice.choose("c", "Q4_K", 512)).toBe("Q4_K");
    expect(choice.choose("d", "Q4_K", 320)).toBe("F16");
    expect(choice.choose("e", "Q4_K", 320)).toBe("F16");
    expect(choice.choose("f", "F32", 3)).toBe("F32");
    expect(choice.notes).toEqual([
      "b is stored as F16 instead of Q8_0: rows of 48 are no whole number of its blocks",
      "d and 1 more are stored as F16 instead of Q4_K: rows of 320 are no whole number of its blocks",
    ]);
  });
});
