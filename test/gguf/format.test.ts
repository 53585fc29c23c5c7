// The tables and the arithmetic of the format.
import { describe, expect, it } from "vitest";
import {
  alignUp,
  GgufError,
  rowBytes,
  tensorBytes,
  tensorTypeNames,
  tensorTypes,
  unreadTensorTypes,
} from "../../gguf/format.ts";

describe("rowBytes", () => {
  it.each([
    ["F32", 3, 12],
    ["F16", 3, 6],
    ["BF16", 3, 6],
    ["Q8_0", 64, 68],
    ["Q4_0", 64, 36],
    ["Q4_K", 512, 288],
    ["Q6_K", 512, 420],
  ] as const)("%s x %i is %i bytes", (type, length, bytes) => {
    expect(rowBytes(type, length)).toBe(bytes);
  });

  it("refuses a part of a block, naming the tensor if it is told", () => {
    expect(() => rowBytes("Q8_0", 33)).toThrow(GgufError);
    expect(() => rowBytes("Q8_0", 33, { key: "t", offset: 7 })).toThrow(/^"t": .*\(at byte 7\)$/);
  });
});

it("never takes a product beyond 2^53 for a small one", () => {
  const most = 2 ** 31 - 1;
  const bytes = tensorBytes({ name: "t", type: "F32", shape: [most, most, most, most] });
  expect(bytes).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  expect(tensorBytes({ name: "t", type: "Q4_0", shape: [2 ** 30, 2 ** 20] })).toBe(
    (2 ** 50 / 32) * 18,
  );
});

it("aligns without 32-bit arithmetic", () => {
  expect(alignUp(0, 32)).toBe(0);
  expect(alignUp(1, 32)).toBe(32);
  expect(alignUp(2 ** 40 + 1, 4096)).toBe(2 ** 40 + 4096);
});

it("gives each tensor type one number", () => {
  const ids = [...tensorTypeNames.map((name) => tensorTypes[name].id), ...unreadTensorTypes.keys()];
  expect(new Set(ids).size).toBe(ids.length);
});

it("escapes a name in its message and keeps it in `key`", () => {
  const error = new GgufError("invalid", "is bad", { key: "a\n", offset: 3 });
  expect(error.message).toBe('"a\\n": is bad (at byte 3)');
  expect(error).toMatchObject({ name: "GgufError", kind: "invalid", key: "a\n", offset: 3 });
});
