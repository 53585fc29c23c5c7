// Hand-made files with bad tensor records: names, shapes, types, places; and a sound file cut at every byte.
import { describe, expect, it } from "vitest";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { file, join, sampleFile, tensor, u8 } from "./builder.ts";
import { type Case, errorOf, largest, testRefusals } from "./malformed.ts";

const one = (record: Parameters<typeof tensor>[0], dataBytes = 32) =>
  file({ tensors: [tensor(record)], dataBytes });

const records: Case[] = [
  ["an empty tensor name", one({ name: "" }), "invalid", "empty"],
  ["a tensor name of 64 bytes", one({ name: "n".repeat(64) }), "invalid", "is 64"],
  ["a tensor name with a NUL", one({ name: "t\0" }), "invalid", "NUL"],
  ["a tensor name that is not UTF-8", one({ name: Uint8Array.of(0xc3) }), "invalid", "not UTF-8"],
  [
    "two equal tensor names",
    file({ tensors: [tensor(), tensor({ offset: 32 })], dataBytes: 64 }),
    "invalid",
    "two tensors",
    "t",
  ],
  ["no dimensions", one({ shape: [] }), "invalid", "0 dimensions", "t"],
  ["five dimensions", one({ shape: [2, 1, 1, 1, 1] }), "invalid", "5 dimensions", "t"],
  [
    "2^32 - 1 dimensions",
    one({ dimensionCount: 2 ** 32 - 1 }),
    "invalid",
    "4294967295 dimensions",
    "t",
  ],
  ["a row of length 0", one({ shape: [0] }), "invalid", "a dimension is 0", "t"],
  ["0 rows", one({ shape: [8, 0] }), "invalid", "a dimension is 0", "t"],
  ["a dimension of 2^31", one({ shape: [8, 2 ** 31] }), "invalid", "2147483648", "t"],
  ["a dimension of -1", one({ shape: [largest] }), "invalid", String(largest), "t"],
  [
    "F32 whose padded size wraps to 0",
    one({ shape: [2n ** 62n - 1n] }),
    "invalid",
    "4611686018427387903",
    "t",
  ],
  [
    "F32 whose product wraps to 0",
    one({ shape: [2n ** 32n, 2n ** 32n] }),
    "invalid",
    "4294967296",
    "t",
  ],
  [
    "Q4_0 whose size wraps to 2",
    one({ shape: [5124095576030431008n], type: 2 }),
    "invalid",
    "5124095576030431008",
    "t",
  ],
  [
    "allowed dimensions whose product wraps to 0",
    one({ shape: [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30] }),
    "truncated",
    "needs the file",
    "t",
  ],
  [
    "the largest allowed dimensions",
    one({ shape: [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1] }),
    "truncated",
    "needs the file",
    "t",
  ],
  [
    "2^48 floats in a small file",
    one({ shape: [2 ** 24, 2 ** 24] }),
    "truncated",
    "needs the file",
    "t",
  ],
  ["one float too many", one({ shape: [9] }), "truncated", "and it has", "t"],
  ["a type of ggml's that is not read", one({ type: 13 }), "unsupported", "(Q5_K)", "t"],
  ["a removed type", one({ type: 4 }), "unsupported", "type 4 (unknown)", "t"],
  ["a type of 2^32 - 1", one({ type: 2 ** 32 - 1 }), "unsupported", "4294967295", "t"],
  ["a Q8_0 row of 33 values", one({ shape: [33], type: 8 }, 64), "invalid", "blocks of 32", "t"],
  [
    "a Q6_K row of 32 values",
    one({ shape: [32, 8], type: 14 }, 224),
    "invalid",
    "blocks of 256",
    "t",
  ],
];

const two = (offset: number | bigint, dataBytes = 128) =>
  file({ tensors: [tensor({ name: "s" }), tensor({ offset })], dataBytes });

const places: Case[] = [
  ["an offset that is not aligned", two(33), "invalid", "no multiple of the alignment", "t"],
  ["two tensors at one place", two(0), "invalid", "inside the tensor before it", "t"],
  [
    "a tensor inside the one before",
    file({ tensors: [tensor({ name: "s", shape: [16] }), tensor({ offset: 32 })], dataBytes: 96 }),
    "invalid",
    "inside the tensor before it",
    "t",
  ],
  [
    "tensors out of order",
    file({ tensors: [tensor({ offset: 32 }), tensor({ name: "s" })], dataBytes: 64 }),
    "invalid",
    "gap of 32",
    "t",
  ],
  ["a gap between tensors", two(64), "invalid", "gap of 32", "t"],
  ["a gap before the first tensor", one({ offset: 32 }, 64), "invalid", "gap of 32", "t"],
  ["an offset behind the file", two(2 ** 40), "invalid", "leaves a gap", "t"],
  ["an offset of 2^53", two(2n ** 53n), "invalid", "9007199254740992", "t"],
  ["an offset of -32", two(2n ** 64n - 32n), "invalid", "18446744073709551584", "t"],
  ["bytes after the last tensor", two(32, 65), "invalid", "1 bytes follow"],
  ["bytes after a file without tensors", join(file(), u8(0)), "invalid", "1 bytes follow"],
  [
    "a file that ends before its data",
    file({ tensors: [tensor()] }),
    "truncated",
    "needs the file",
    "t",
  ],
];

describe("records", () => testRefusals(records));
describe("places", () => testRefusals(places));

it("refuses the sample cut at every byte, saying that it is truncated", async () => {
  const sample = sampleFile();
  // The last tensor's 20 bytes end before the padding does; that padding may be missing.
  for (let length = 0; length < sample.length - 12; length++) {
    const error = await errorOf(sample.subarray(0, length));
    expect(error.kind, `cut to ${length} bytes`).toBe("truncated");
  }
  await expect(
    readGguf(bytesSource(sample.subarray(0, sample.length - 12))),
  ).resolves.toBeDefined();
});
