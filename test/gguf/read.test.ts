// The reader on sound files: what it returns, and that it reads as little of a file as the header needs.
import { describe, expect, it } from "vitest";
import { HeaderIncomplete } from "../../gguf/cursor.ts";
import { parseHeader, readGguf } from "../../gguf/read.ts";
import { type ByteSource, bytesSource } from "../../gguf/source.ts";
import { entry, f32, file, sampleFile, tensor, text, u8, u32, u64, valueType } from "./builder.ts";

describe("readGguf", () => {
  it("returns every field of a hand-made file", async () => {
    const sample = sampleFile();
    const read = await readGguf(bytesSource(sample));
    const dataOffset = sample.length - 224;
    expect(read).toEqual({
      version: 3,
      alignment: 32,
      dataOffset,
      size: sample.length,
      metadata: new Map<string, unknown>([
        ["general.architecture", { type: "string", value: "qrag" }],
        ["general.alignment", { type: "u32", value: 32 }],
        ["a.flag", { type: "bool", value: true }],
        ["a.float", { type: "f32", value: 0.5 }],
        ["a.words", { type: "array", of: "string", value: ["né", ""] }],
        ["a.ids", { type: "array", of: "i32", value: [1, 2, 3] }],
      ]),
      tensors: [
        { name: "one", type: "F32", shape: [8, 3], offset: dataOffset, byteLength: 96 },
        { name: "two", type: "Q8_0", shape: [32, 2], offset: dataOffset + 96, byteLength: 68 },
        { name: "three", type: "F32", shape: [5], offset: dataOffset + 192, byteLength: 20 },
      ],
    });
  });

  it("reads version 2, which is laid out alike", async () => {
    expect((await readGguf(bytesSource(file({ version: 2 })))).version).toBe(2);
  });

  it("reads a file that ends with its header, unpadded", async () => {
    const { metadata } = await readGguf(bytesSource(file().subarray(0, 24)));
    expect(metadata.size).toBe(0);
  });

  it("reads every value type", async () => {
    const bytes = file({
      entries: [
        entry("i8", 1, u8(0xff)),
        entry("u16", 2, Uint8Array.of(0xfe, 0xff)),
        entry("i16", 3, Uint8Array.of(0xfe, 0xff)),
        entry("i32", 5, u32(0xffffffff)),
        entry("f32", 6, f32(-1.5)),
        entry("u64", 10, u64(2n ** 64n - 1n)),
        entry("i64", 11, u64(2n ** 64n - 2n)),
        entry("f64", 12, new Uint8Array(Float64Array.of(0.1).buffer)),
        entry("bom", 8, text("\ufeffa")),
        entry("replacement", 8, text("\ufeffa\ufffd")),
        entry("empty", valueType.array, u32(valueType.string), u64(0)),
      ],
    });
    const { metadata } = await readGguf(bytesSource(bytes));
    expect([...metadata].map(([key, { value }]) => [key, value])).toEqual([
      ["i8", -1],
      ["u16", 65_534],
      ["i16", -2],
      ["i32", -1],
      ["f32", -1.5],
      ["u64", 2n ** 64n - 1n],
      ["i64", -2n],
      ["f64", 0.1],
      ["bom", "\ufeffa"],
      ["replacement", "\ufeffa\ufffd"],
      ["empty", []],
    ]);
  });

  it("keeps names that a plain object would trip over", async () => {
    const names = ["__proto__", "constructor", "toString"];
    const entries = names.map((name) => entry(name, valueType.bool, u8(1)));
    const tensors = names.map((name, index) => tensor({ name, offset: 32 * index }));
    const read = await readGguf(bytesSource(file({ entries, tensors, dataBytes: 96 })));
    expect([...read.metadata.keys()]).toEqual(names);
    expect(read.tensors.map(({ name }) => name)).toEqual(names);
  });

  it("finds the data at the alignment the file asks for", async () => {
    const entries = [entry("general.alignment", valueType.u32, u32(4096))];
    const bytes = file({ entries, tensors: [tensor()], alignment: 4096, dataBytes: 32 });
    const { alignment, dataOffset } = await readGguf(bytesSource(bytes));
    expect([alignment, dataOffset]).toEqual([4096, 4096]);
  });

  it("leaves the tensors' bytes alone, and reads a long header in growing pieces", async () => {
    const long = "x".repeat(17 * 1024 * 1024);
    const entries = [entry("long", valueType.string, text(long))];
    const bytes = file({ entries, tensors: [tensor({ shape: [2 ** 24] })], dataBytes: 2 ** 26 });
    const reads: number[] = [];
    const source: ByteSource = {
      ...bytesSource(bytes),
      read: async (offset, length) => {
        reads.push(length);
        return bytes.subarray(offset, offset + length);
      },
    };
    const { metadata, tensors } = await readGguf(source);
    expect(metadata.get("long")?.value).toBe(long);
    expect(tensors[0]?.byteLength).toBe(2 ** 26);
    // A first piece, one that holds the text, and one that holds what comes after it.
    expect(reads.length).toBe(3);
    expect(Math.max(...reads)).toBeLessThan(2 ** 26);
  });
});

describe("parseHeader", () => {
  it("asks for more bytes at every cut of a file that has them, and reads the file when it got them", () => {
    const sample = sampleFile();
    const headerEnd = sample.length - 224;
    let complete = headerEnd;
    for (let length = headerEnd; length >= 0; length--) {
      try {
        parseHeader(sample.subarray(0, length), sample.length);
        complete = length;
      } catch (error) {
        expect(error).toBeInstanceOf(HeaderIncomplete);
        const { needed } = error as HeaderIncomplete;
        expect(needed).toBeGreaterThan(length);
        expect(needed).toBeLessThanOrEqual(headerEnd);
      }
    }
    // Only the padding before the data may be cut off.
    expect(headerEnd - complete).toBeLessThan(32);
  });

  it("reads from a buffer that is part of a larger one", () => {
    const sample = sampleFile();
    const larger = new Uint8Array(sample.length + 5);
    larger.set(sample, 5);
    expect(parseHeader(larger.subarray(5), sample.length).tensors.length).toBe(3);
  });
});
