// The writer: its layout, its refusals, and that what it writes is read back the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  GgufError,
  type Metadata,
  type MetadataValue,
  type TensorEntry,
} from "../../gguf/format.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { type GgufPlan, GgufWriter, planGguf } from "../../gguf/write.ts";
import { metadataArbitrary, tensorsArbitrary } from "./arbitraries.ts";
import { sampleFile } from "./builder.ts";
import { expectInside } from "./invariant.ts";

function memorySink() {
  const pieces: Uint8Array[] = [];
  return {
    write: async (bytes: Uint8Array) => {
      pieces.push(bytes.slice());
    },
    bytes: () => new Uint8Array(Buffer.concat(pieces)),
  };
}

/** Writes a plan's file; tensor i's bytes are all i + 1, given in pieces of `piece` bytes. */
async function write(plan: GgufPlan, piece = 7): Promise<Uint8Array> {
  const sink = memorySink();
  const writer = new GgufWriter(plan, sink);
  for (const [index, { name, byteLength }] of plan.tensors.entries()) {
    const bytes = new Uint8Array(byteLength).fill(index + 1);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < byteLength; at += piece) chunks.push(bytes.subarray(at, at + piece));
    await writer.writeTensor(name, chunks);
  }
  await writer.finish();
  return sink.bytes();
}

const metadataOf = (...entries: [string, MetadataValue][]): Metadata => new Map(entries);

const pair: TensorEntry[] = [
  { name: "one", type: "F32", shape: [3] },
  { name: "two", type: "Q8_0", shape: [32, 2] },
];

describe("planGguf", () => {
  it("gives the bytes of a hand-made file", async () => {
    const sample = sampleFile();
    const { metadata, tensors } = await readGguf(bytesSource(sample));
    const plan = planGguf(metadata, tensors);
    expect(plan.size).toBe(sample.length);
    expect(plan.tensors).toEqual(tensors);
    expect(Buffer.from(plan.header)).toEqual(Buffer.from(sample.subarray(0, plan.header.length)));
  });

  it("places tensors at multiples of the metadata's alignment", () => {
    const plan = planGguf(metadataOf(["general.alignment", { type: "u32", value: 4096 }]), pair);
    expect(plan.tensors.map(({ offset }) => offset)).toEqual([4096, 8192]);
    expect(plan.size).toBe(12_288);
  });

  it("writes headers larger than its first buffer", async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `wörd ${index}`);
    const numbers = words.map((_, index) => index / 8);
    const metadata = metadataOf(
      ["a.words", { type: "array", of: "string", value: words }],
      ["a.numbers", { type: "array", of: "f32", value: numbers }],
      ["a.text", { type: "string", value: words.join(" ") }],
    );
    const { header } = planGguf(metadata, []);
    expect((await readGguf(bytesSource(header))).metadata).toEqual(metadata);
  });

  it("rounds an f32, and reads the rounded value back", async () => {
    const { header } = planGguf(metadataOf(["e", { type: "f32", value: 1e-5 }]), []);
    const { metadata } = await readGguf(bytesSource(header));
    expect(metadata.get("e")).toEqual({ type: "f32", value: Math.fround(1e-5) });
  });

  const bad = (value: unknown) => metadataOf(["the key", value as MetadataValue]);
  const badTensor = (spec: Partial<TensorEntry>) => [
    { name: "the key", type: "F32" as const, shape: [4], ...spec },
  ];
  const none = metadataOf();

  it.each<[string, Metadata, TensorEntry[]]>([
    ["a u8 of 256", bad({ type: "u8", value: 256 }), []],
    ["a u32 of -1", bad({ type: "u32", value: -1 }), []],
    ["a u32 of 1.5", bad({ type: "u32", value: 1.5 }), []],
    ["an i32 of NaN", bad({ type: "i32", value: Number.NaN }), []],
    ["a u32 that is a bigint", bad({ type: "u32", value: 1n }), []],
    ["a u64 that is a number", bad({ type: "u64", value: 1 }), []],
    ["a u64 of 2^64", bad({ type: "u64", value: 2n ** 64n }), []],
    ["an i64 of 2^63", bad({ type: "i64", value: 2n ** 63n }), []],
    ["an f32 that would be infinite", bad({ type: "f32", value: 1e39 }), []],
    ["an f64 that is a text", bad({ type: "f64", value: "1" }), []],
    ["a bool of 1", bad({ type: "bool", value: 1 }), []],
    ["a text that is a number", bad({ type: "string", value: 1 }), []],
    ["a lone surrogate", bad({ type: "string", value: "a\ud800b" }), []],
    ["an unknown type", bad({ type: "u128", value: 1 }), []],
    ["an array of arrays", bad({ type: "array", of: "array", value: [] }), []],
    ["an array of the wrong type", bad({ type: "array", of: "i32", value: [1, "2"] }), []],
    ["a Q8_0 row of 33 values", none, badTensor({ type: "Q8_0", shape: [33] })],
    ["no dimensions", none, badTensor({ shape: [] })],
    ["a dimension of 0", none, badTensor({ shape: [4, 0] })],
    ["a dimension of -4", none, badTensor({ shape: [-4] })],
    ["a dimension of 1.5", none, badTensor({ shape: [4, 1.5] })],
    ["a dimension of 2^31", none, badTensor({ shape: [4, 2 ** 31] })],
    ["five dimensions", none, badTensor({ shape: [1, 1, 1, 1, 1] })],
    ["two tensors of one name", none, [...badTensor({}), ...badTensor({})]],
  ])("refuses %s and names its key", (_name, metadata, tensors) => {
    const plan = () => planGguf(metadata, tensors);
    expect(plan).toThrow(GgufError);
    expect(plan).toThrow(/^"the key": /);
  });

  it.each<[string, Metadata, TensorEntry[]]>([
    ["an empty key", metadataOf(["", { type: "bool", value: true }]), []],
    ["a key of 257 bytes", metadataOf(["k".repeat(257), { type: "bool", value: true }]), []],
    ["an empty tensor name", none, badTensor({ name: "" })],
    ["a tensor name of 64 bytes", none, badTensor({ name: "n".repeat(64) })],
    ["an alignment of 48", metadataOf(["general.alignment", { type: "u32", value: 48 }]), []],
    [
      "an alignment that is an i32",
      metadataOf(["general.alignment", { type: "i32", value: 32 }]),
      [],
    ],
    [
      "sizes beyond 2^53",
      none,
      Array.from("abcd", (name) => ({ name, type: "F32", shape: [2 ** 30, 2 ** 30] })),
    ],
  ])("refuses %s", (_name, metadata, tensors) => {
    expect(() => planGguf(metadata, tensors)).toThrow(GgufError);
  });
});

describe("GgufWriter", () => {
  it("pads with zeros and writes each byte where the plan has it", async () => {
    const plan = planGguf(metadataOf(), pair);
    const bytes = await write(plan);
    const file = await readGguf(bytesSource(bytes));
    expect(file.tensors).toEqual(plan.tensors);
    const data = bytes.subarray(file.dataOffset);
    const expected = [
      ...Array(12).fill(1),
      ...Array(20).fill(0),
      ...Array(68).fill(2),
      ...Array(28).fill(0),
    ];
    expect([...data]).toEqual(expected);
  });

  it("takes asynchronous pieces", async () => {
    const plan = planGguf(metadataOf(), pair.slice(0, 1));
    const sink = memorySink();
    const writer = new GgufWriter(plan, sink);
    await writer.writeTensor(
      "one",
      (async function* () {
        yield new Uint8Array(5);
        yield new Uint8Array(0);
        yield new Uint8Array(7);
      })(),
    );
    await writer.finish();
    expect(sink.bytes().length).toBe(plan.size);
  });

  it("writes a file without tensors", async () => {
    const plan = planGguf(metadataOf(["a", { type: "bool", value: true }]), []);
    expect(await write(plan)).toEqual(plan.header);
  });

  const start = () => new GgufWriter(planGguf(metadataOf(), pair), memorySink());
  const zeros = (length: number) => [new Uint8Array(length)];

  it.each([
    [
      "a tensor out of turn",
      (writer: GgufWriter) => writer.writeTensor("two", zeros(68)),
      '"one" is next',
    ],
    ["an unknown tensor", (writer: GgufWriter) => writer.writeTensor("x", zeros(1)), "not next"],
    ["too few bytes", (writer: GgufWriter) => writer.writeTensor("one", zeros(11)), "given 11"],
    ["too many bytes", (writer: GgufWriter) => writer.writeTensor("one", zeros(13)), "given more"],
    ["an early end", (writer: GgufWriter) => writer.finish(), '"one": this tensor was not written'],
  ])("refuses %s", async (_name, act, message) => {
    const refused = act(start());
    await expect(refused).rejects.toThrow(GgufError);
    await expect(refused).rejects.toThrow(message);
  });

  it("refuses a tensor after the last, and one that is written twice", async () => {
    const writer = start();
    await writer.writeTensor("one", zeros(12));
    await expect(writer.writeTensor("one", zeros(12))).rejects.toThrow('"two" is next');
    await writer.writeTensor("two", zeros(68));
    await expect(writer.writeTensor("two", zeros(68))).rejects.toThrow("all are written");
    await writer.finish();
  });

  it("does not go on after a failed tensor", async () => {
    const writer = start();
    await expect(writer.writeTensor("one", zeros(5))).rejects.toThrow("given 5");
    await expect(writer.writeTensor("two", zeros(68))).rejects.toThrow('writing "one" failed');
    await expect(writer.finish()).rejects.toThrow(GgufError);
  });

  it("does not finish a file whose sink failed", async () => {
    const sink = { write: () => Promise.reject(new Error("no space")) };
    const writer = new GgufWriter(planGguf(metadataOf(), pair.slice(0, 1)), sink);
    await expect(writer.writeTensor("one", zeros(12))).rejects.toThrow("no space");
    await expect(writer.finish()).rejects.toThrow('writing "one" failed');
  });

  it("refuses a tensor while another is written, and takes it afterwards", async () => {
    const plan = planGguf(metadataOf(), pair);
    const sink = memorySink();
    const writer = new GgufWriter(plan, sink);
    const first = writer.writeTensor("one", zeros(12));
    await expect(writer.writeTensor("two", zeros(68))).rejects.toThrow("is not over yet");
    await first;
    await writer.writeTensor("two", zeros(68));
    await writer.finish();
    expect(sink.bytes().length).toBe(plan.size);
  });
});

it("reads back what it wrote, and writes the same bytes again", async () => {
  await fc.assert(
    fc.asyncProperty(metadataArbitrary, tensorsArbitrary, async (metadata, tensors) => {
      const bytes = await write(planGguf(metadata, tensors), 1 + (tensors.length % 3) * 64);
      const file = await readGguf(bytesSource(bytes));
      expectInside(file);
      expect(file.version).toBe(3);
      expect([...file.metadata.keys()]).toEqual([...metadata.keys()]);
      expect(file.metadata).toEqual(metadata);
      expect(file.tensors.map(({ name, type, shape }) => ({ name, type, shape }))).toEqual(tensors);
      const again = await write(planGguf(file.metadata, file.tensors));
      expect(Buffer.from(again).equals(bytes)).toBe(true);
    }),
    { seed: 19, numRuns: 300 },
  );
});
