// Hand-made files that are bad before their tensors: header, keys, values, alignment.
import { describe, expect, it } from "vitest";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { entry, f32, file, tensor, text, u8, u32, u64, valueType } from "./builder.ts";
import { type Case, errorOf, largest, testRefusals } from "./malformed.ts";

const { string, array, bool } = valueType;

/** A file of these entries. */
const holding = (...entries: Uint8Array[]) => file({ entries });

/** A file whose one entry is `k`. */
const valued = (type: number, ...value: Uint8Array[]) => holding(entry("k", type, ...value));

const header: Case[] = [
  ["an empty file", new Uint8Array(0), "truncated", "magic number"],
  ["three bytes", Buffer.from("GGU"), "truncated", "magic number"],
  ["another format", Buffer.from("PK\x03\x04 and more"), "invalid", "not a GGUF file"],
  ["a byte-swapped magic number", file({ magic: "FUGG" }), "unsupported", "byte-swapped"],
  ["a byte-swapped version", file({ version: 3 * 2 ** 24 }), "unsupported", "byte-swapped"],
  ["version 0", file({ version: 0 }), "invalid", "version 0"],
  ["version 1", file({ version: 1 }), "unsupported", "version 1"],
  ["a future version", file({ version: 4 }), "unsupported", "version 4"],
  ["the largest version", file({ version: 2 ** 32 - 1 }), "unsupported", "version 4294967295"],
  ["too many tensors", file({ tensorCount: 65_537 }), "invalid", "is 65537"],
  ["2^64 - 1 tensors", file({ tensorCount: largest }), "invalid", String(largest)],
  ["2^63 tensors", file({ tensorCount: 2n ** 63n }), "invalid", "9223372036854775808"],
  [
    "more tensors than the file has",
    file({ tensorCount: 1, alignment: 8 }),
    "truncated",
    "a tensor's name",
  ],
  ["too many entries", file({ entryCount: 4097 }), "invalid", "is 4097"],
  ["2^64 - 1 entries", file({ entryCount: largest }), "invalid", String(largest)],
  [
    "a count that wraps with the entry's size",
    file({ entryCount: 2n ** 59n }),
    "invalid",
    "allowed",
  ],
  [
    "more entries than the file has",
    file({ entryCount: 1, alignment: 8 }),
    "truncated",
    "a metadata key",
  ],
];

const keys: Case[] = [
  ["an empty key", holding(entry("", bool, u8(1))), "invalid", "empty"],
  ["a key of 257 bytes", holding(entry("k".repeat(257), bool, u8(1))), "invalid", "is 257"],
  ["a key of 2^64 - 1 bytes", holding(text("k", largest)), "invalid", String(largest)],
  ["a key that leaves the file", holding(text("k", 200)), "truncated", "a metadata key"],
  ["a key that is not UTF-8", holding(entry(u8(0xff), bool, u8(1))), "invalid", "not UTF-8"],
  [
    "a key with an overlong form",
    holding(entry(Uint8Array.of(0xc1, 0x81), bool, u8(1))),
    "invalid",
    "not UTF-8",
  ],
  [
    "a key with a surrogate",
    holding(entry(Uint8Array.of(0xed, 0xa0, 0x80), bool, u8(1))),
    "invalid",
    "not UTF-8",
  ],
  ["a key with a NUL", holding(entry("a\0b", bool, u8(1))), "invalid", "NUL"],
  [
    "two equal keys",
    holding(entry("k", bool, u8(1)), entry("k", bool, u8(0))),
    "invalid",
    "two",
    "k",
  ],
];

const values: Case[] = [
  ["an unknown value type", valued(13, u64(0)), "invalid", "type 13", "k"],
  ["the largest value type", valued(2 ** 32 - 1, u64(0)), "invalid", "4294967295", "k"],
  ["a bool of 2", valued(bool, u8(2)), "invalid", "a bool is 2", "k"],
  ["a text of 2^64 - 1 bytes", valued(string, text("", largest)), "invalid", String(largest), "k"],
  [
    "a text of 2^63 bytes",
    valued(string, text("", 2n ** 63n)),
    "invalid",
    "9223372036854775808",
    "k",
  ],
  ["a text over the limit", valued(string, text("", 2 ** 26 + 1)), "invalid", "67108865", "k"],
  [
    "a text that leaves the file",
    valued(string, text("", 2 ** 26)),
    "truncated",
    "ends inside",
    "k",
  ],
  ["a text that is not UTF-8", valued(string, text(u8(0x80))), "invalid", "not UTF-8", "k"],
  [
    "an array of arrays",
    valued(array, u32(array), u64(1), u32(bool), u64(0)),
    "unsupported",
    "arrays of arrays",
    "k",
  ],
  ["an unknown element type", valued(array, u32(99), u64(1), u64(0)), "invalid", "type 99", "k"],
  [
    "an array over the limit",
    valued(array, u32(bool), u64(2 ** 22 + 1)),
    "invalid",
    "4194305",
    "k",
  ],
  [
    "an array of 2^64 - 1 elements",
    valued(array, u32(string), u64(largest)),
    "invalid",
    String(largest),
    "k",
  ],
  [
    "an array whose bytes wrap 2^64",
    valued(array, u32(valueType.u64), u64(2n ** 61n)),
    "invalid",
    "allowed",
    "k",
  ],
  [
    "an array that leaves the file",
    valued(array, u32(valueType.u64), u64(9), u64(1)),
    "truncated",
    "inside the value",
    "k",
  ],
  [
    "an array of texts that leaves the file",
    valued(array, u32(string), u64(2), text("a"), text("b", 100)),
    "truncated",
    "the value",
    "k",
  ],
];

const alignmentKey = "general.alignment";
const withAlignment = (type: number, ...value: Uint8Array[]) =>
  file({ entries: [entry(alignmentKey, type, ...value)], tensors: [tensor()], dataBytes: 32 });

const alignments: Case[] = [
  [
    "an alignment of 0",
    withAlignment(valueType.u32, u32(0)),
    "invalid",
    "power of two",
    alignmentKey,
  ],
  [
    "an alignment of 4",
    withAlignment(valueType.u32, u32(4)),
    "invalid",
    "power of two",
    alignmentKey,
  ],
  [
    "an alignment of 33",
    withAlignment(valueType.u32, u32(33)),
    "invalid",
    "power of two",
    alignmentKey,
  ],
  [
    "an alignment of 8192",
    withAlignment(valueType.u32, u32(8192)),
    "invalid",
    "power of two",
    alignmentKey,
  ],
  [
    "an alignment of 2^31",
    withAlignment(valueType.u32, u32(2 ** 31)),
    "invalid",
    "power of two",
    alignmentKey,
  ],
  [
    "an alignment that is a u64",
    withAlignment(valueType.u64, u64(32)),
    "invalid",
    "u32",
    alignmentKey,
  ],
  [
    "an alignment that is a float",
    withAlignment(valueType.f32, f32(32)),
    "invalid",
    "u32",
    alignmentKey,
  ],
  [
    "an alignment that is a text",
    withAlignment(string, text("32")),
    "invalid",
    "u32",
    alignmentKey,
  ],
  [
    "an alignment that is an array",
    withAlignment(array, u32(4), u64(1), u32(32)),
    "invalid",
    "u32",
    alignmentKey,
  ],
];

describe("header", () => testRefusals(header));
describe("keys", () => testRefusals(keys));
describe("values", () => testRefusals(values));
describe("alignment", () => testRefusals(alignments));

it("spends one budget on all arrays together", async () => {
  const half = (key: string) => entry(key, array, u32(bool), u64(2 ** 21), new Uint8Array(2 ** 21));
  const within = holding(half("a"), half("b"));
  await expect(readGguf(bytesSource(within))).resolves.toBeDefined();
  const beyond = holding(half("a"), half("b"), entry("c", array, u32(bool), u64(1), u8(0)));
  expect((await errorOf(beyond)).message).toContain("1, more than the 0 allowed");
});

it("cuts and escapes untrusted names in messages", async () => {
  const error = await errorOf(holding(entry(`\n${"k".repeat(200)}`, 13)));
  expect(error.message.length).toBeLessThan(200);
  expect(error.message).not.toContain("\n");
});
