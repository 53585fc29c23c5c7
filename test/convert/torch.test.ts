// The reader of torch.save's files: tensors of every type and layout, and nothing that lies about its storage.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import type { Pickled } from "../../convert/checkpoint/pickle_values.ts";
import { readTorch } from "../../convert/checkpoint/torch.ts";
import { bytesSource } from "../../gguf/source.ts";
import {
  type Code,
  call,
  global,
  int,
  persistentId,
  pickleOf,
  text,
  tupleOf,
  value,
} from "./pickle_builder.ts";
import {
  floats,
  parameterCode,
  rowStrides,
  storageCode,
  type TensorFields,
  tensorCode,
  torchArchive,
  torchFile,
} from "./torch_builder.ts";
import { type BuiltEntry, buildZip, bytesOf, concat } from "./zip_builder.ts";

const six = floats(1, 2, 3, 4, 5, 6);

/** Opens the one tensor that the file is. */
async function tensorOf(code: Code, storages: Record<string, Uint8Array> = { 0: six }) {
  const file = await readTorch(bytesSource(torchArchive(pickleOf(code), storages)));
  return file.tensor("w", file.value)!;
}

async function valuesOf(tensor: TensorFields, data: Uint8Array = six): Promise<number[]> {
  const opened = await tensorOf(tensorCode(tensor), { 0: data });
  return [...(await opened.read())];
}

describe("readTorch reads", () => {
  it("a tensor", async () => {
    const tensor = await tensorOf(tensorCode());
    expect(tensor).toMatchObject({ name: "w", dtype: "F32", shape: [2, 3], byteLength: 24 });
    expect([...(await tensor.read())]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("a parameter", async () => {
    expect([...(await (await tensorOf(parameterCode())).read())]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("a parameter with attributes", async () => {
    const code = call(
      "torch._utils",
      "_rebuild_parameter_with_state",
      tensorCode(),
      value(true),
      value({}),
      value({}),
    );
    expect((await tensorOf(code)).shape).toEqual([2, 3]);
  });

  it("a subclass of Tensor", async () => {
    const arguments_ = tupleOf(
      storageCode({}),
      int(0),
      tupleOf(int(6)),
      tupleOf(int(1)),
      value(false),
    );
    const code = call(
      "torch._tensor",
      "_rebuild_from_type_v2",
      global("torch._utils", "_rebuild_tensor_v2"),
      global("torch.nn.parameter", "Buffer"),
      arguments_,
      value({}),
    );
    expect((await tensorOf(code)).shape).toEqual([6]);
  });

  it("a tensor whose type is named beside an untyped storage", async () => {
    const storage = storageCode({ storageType: "torch.storage UntypedStorage", elements: 24 });
    const code = call(
      "torch._utils",
      "_rebuild_tensor_v3",
      ...[storage, int(0), tupleOf(int(6)), tupleOf(int(1)), value(false), value({})],
      global("torch", "float32"),
    );
    expect([...(await (await tensorOf(code)).read())]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("a scalar", async () => {
    expect(await valuesOf({ shape: [], strides: [], offset: 4 })).toEqual([5]);
  });

  it("a tensor without elements", async () => {
    expect(await valuesOf({ shape: [0, 3] })).toEqual([]);
    expect(await valuesOf({ shape: [0], elements: 0 }, new Uint8Array())).toEqual([]);
  });

  it("a transposed tensor", async () => {
    expect(await valuesOf({ shape: [3, 2], strides: [1, 3] })).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("part of a storage", async () => {
    expect(await valuesOf({ shape: [2, 2], strides: [3, 1], offset: 1 })).toEqual([2, 3, 5, 6]);
  });

  it("any strides, as plain loops do", async () => {
    const axis = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 9 }));
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { maxLength: 4 }), fc.nat(5), async (axes, offset) => {
        const storage = Array.from({ length: 120 }, (_, i) => i);
        const [shape, strides] = [axes.map(([size]) => size), axes.map(([, stride]) => stride)];
        const fields = { shape, strides, offset, elements: storage.length };
        const places = rowStrides(shape).length === 0 ? [offset] : visit(shape, strides, offset);
        const read = valuesOf(fields, floats(...storage)).catch((error) => error.code);
        const inside = places.length <= 120 && places.every((place) => place < 120);
        expect(await read).toEqual(inside ? places : "CHECKPOINT_INVALID");
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("tied tensors as the same storage, views of it as others", async () => {
    const file = await readTorch(
      bytesSource(
        torchFile({ a: tensorCode(), b: tensorCode(), c: tensorCode({ shape: [3], offset: 3 }) }),
      ),
    );
    const members = file.value as Map<string, Pickled>;
    const [a, b, c] = ["a", "b", "c"].map((name) => file.tensor(name, members.get(name)!)!);
    expect(a!.storage).toBe(b!.storage);
    expect(a!.storage).not.toBe(c!.storage);
  });

  it("plain data as no tensor", async () => {
    const file = await readTorch(bytesSource(torchFile({ step: 3 })));
    expect(file.tensor("step", (file.value as Map<string, Pickled>).get("step")!)).toBe(undefined);
  });

  it("a stated byte order", async () => {
    const order = { name: "model/byteorder", data: bytesOf("little") };
    await readTorch(bytesSource(torchFile(tensorCode(), undefined, [order])));
  });
});

/** The places a strided view visits, row by row. */
function visit(shape: number[], strides: number[], offset: number): number[] {
  if (shape.length === 0) return [offset];
  return Array.from({ length: shape[0]! }, (_, i) =>
    visit(shape.slice(1), strides.slice(1), offset + i * strides[0]!),
  ).flat();
}

describe("readTorch reads the type", () => {
  const rows: [string, string, ArrayBufferView, number[]][] = [
    ["torch DoubleStorage", "F64", Float64Array.of(1.5, -2), [1.5, -2]],
    ["torch FloatStorage", "F32", Float32Array.of(1.5, -2), [1.5, -2]],
    [
      "torch HalfStorage",
      "F16",
      Uint16Array.of(0x3e00, 0xc000, 1, 0x7c00),
      [1.5, -2, 2 ** -24, Infinity],
    ],
    ["torch BFloat16Storage", "BF16", Uint16Array.of(0x3fc0, 0xc000), [1.5, -2]],
    ["torch LongStorage", "I64", BigInt64Array.of(7n, -2n), [7, -2]],
    ["torch IntStorage", "I32", Int32Array.of(7, -2), [7, -2]],
    ["torch ShortStorage", "I16", Int16Array.of(7, -2), [7, -2]],
    ["torch CharStorage", "I8", Int8Array.of(7, -2), [7, -2]],
    ["torch ByteStorage", "U8", Uint8Array.of(7, 254), [7, 254]],
    ["torch BoolStorage", "BOOL", Uint8Array.of(0, 1), [0, 1]],
  ];
  for (const [storageType, dtype, data, expected] of rows) {
    it(dtype, async () => {
      const bytes = new Uint8Array(data.buffer);
      const shape = [expected.length];
      const code = tensorCode({ storageType, shape, elements: expected.length });
      const tensor = await tensorOf(code, { 0: bytes });
      expect(tensor.dtype).toBe(dtype);
      expect(tensor.byteLength).toBe(bytes.length);
      expect([...(await tensor.read())]).toEqual(expected);
    });
  }
});

describe("readTorch refuses", () => {
  const badId = (...items: Code[]) =>
    call(
      "torch._utils",
      "_rebuild_tensor_v2",
      concat([tupleOf(...items), persistentId]),
      int(0),
      tupleOf(int(6)),
      tupleOf(int(1)),
    );
  const parameterOf = (code: Code) => call("torch._utils", "_rebuild_parameter", code);
  const storageType = global("torch", "FloatStorage");
  const tensors: Record<string, [Code, RegExp]> = {
    "a stride bomb": [tensorCode({ shape: [2 ** 20, 2 ** 20], strides: [0, 0] }), /contiguous/],
    "a product of sizes that overflows": [
      tensorCode({ shape: [2 ** 30, 2 ** 30], strides: [0, 0] }),
      /impossible/,
    ],
    "more elements than the storage": [tensorCode({ shape: [7] }), /contiguous/],
    "elements behind the storage": [tensorCode({ shape: [2, 2], strides: [5, 1] }), /outside/],
    "an offset behind the storage": [tensorCode({ shape: [1], offset: 6 }), /outside/],
    "an offset behind the storage without elements": [
      tensorCode({ shape: [0], offset: 7 }),
      /outside/,
    ],
    "a huge offset": [tensorCode({ shape: [1], offset: 2 ** 52 }), /outside/],
    "a huge stride": [tensorCode({ shape: [2], strides: [2 ** 52] }), /outside/],
    "strides whose sum wraps": [
      tensorCode({ shape: [2, 2, 1], strides: [2 ** 52, 2 ** 52, 1] }),
      /outside/,
    ],
    "a negative stride": [tensorCode({ shape: [2], strides: [-1], offset: 3 }), /malformed/],
    "a negative size": [tensorCode({ shape: [-2] }), /malformed/],
    "a negative offset": [tensorCode({ shape: [1], offset: -1 }), /malformed/],
    "fewer strides than sizes": [tensorCode({ shape: [2, 3], strides: [1] }), /strides/],
    "too many dimensions": [tensorCode({ shape: new Array(17).fill(1) }), /malformed/],
    "a size that is text": [
      call(
        "torch._utils",
        "_rebuild_tensor_v2",
        storageCode({}),
        int(0),
        tupleOf(text("6")),
        tupleOf(int(1)),
      ),
      /malformed/,
    ],
    "sizes that are a list": [
      call("torch._utils", "_rebuild_tensor_v2", storageCode({}), int(0), value([6]), value([1])),
      /malformed/,
    ],
    "a storage the file lacks": [tensorCode({ key: "9" }), /does not hold/],
    "a storage named like another entry": [
      tensorCode({ key: "../version", elements: 1 }),
      /does not hold/,
    ],
    "a storage of another size": [tensorCode({ elements: 5, shape: [5] }), /24 bytes/],
    "a storage of an unknown type": [
      tensorCode({ storageType: "torch QInt8Storage" }),
      /not supported/,
    ],
    "a storage of a foreign type": [tensorCode({ storageType: "os system" }), /os\.system/],
    "no storage": [call("torch._utils", "_rebuild_tensor_v2"), /no storage/],
    "another kind of id": [
      badId(text("module"), storageType, text("0"), text("cpu"), int(6)),
      /no storage/,
    ],
    "a storage key that is a number": [
      badId(text("storage"), storageType, int(0), text("cpu"), int(6)),
      /no storage/,
    ],
    "a storage length that is text": [
      badId(text("storage"), storageType, text("0"), text("cpu"), text("6")),
      /24 bytes/,
    ],
    "an unknown element type": [
      call(
        "torch._utils",
        "_rebuild_tensor_v3",
        ...[storageCode({}), int(0), tupleOf(int(6)), tupleOf(int(1)), value(false), value({})],
        global("torch", "float8_e4m3fn"),
      ),
      /float8/,
    ],
    "a call that would make it": [
      call("os", "system", text("exit 1")),
      /"os\.system", which is never called/,
    ],
    "a quantized tensor": [
      call("torch._utils", "_rebuild_qtensor", storageCode({})),
      /_rebuild_qtensor/,
    ],
    "a tensor wrapped without end": [
      parameterOf(parameterOf(parameterOf(parameterCode()))),
      /not a tensor/,
    ],
  };
  for (const [name, [code, reason]] of Object.entries(tensors)) {
    it(name, async () => {
      const error = await tensorOf(code).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }

  const pickle = pickleOf(tensorCode());
  const entry = (name: string, text = "x"): BuiltEntry => ({ name, data: bytesOf(text) });
  const archives: Record<string, [Uint8Array, RegExp]> = {
    "an archive without a pickle": [buildZip([entry("model/version")]), /data\.pkl/],
    "a pickle at the top": [buildZip([entry("data.pkl")]), /data\.pkl/],
    "two folders": [torchArchive(pickle, { 0: six }, [entry("other/data.pkl")]), /one folder/],
    "an empty archive": [buildZip([]), /one folder/],
    "a TorchScript program": [
      torchArchive(pickle, { 0: six }, [entry("model/constants.pkl")]),
      /TorchScript/,
    ],
    "a big-endian file": [
      torchArchive(pickle, { 0: six }, [entry("model/byteorder", "big")]),
      /byte order/,
    ],
    "an overlong byte order": [
      torchArchive(pickle, { 0: six }, [entry("model/byteorder", "l".repeat(99))]),
      /byte order/,
    ],
    "a pickle that is none": [torchArchive(bytesOf("hello"), { 0: six }), /protocol/],
  };
  for (const [name, [bytes, reason]] of Object.entries(archives)) {
    it(name, async () => {
      const error = await readTorch(bytesSource(bytes)).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }
});
