// The safetensors reader: every rule of the format's README, one case each.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { maximumHeaderBytes, readSafetensors } from "../../convert/checkpoint/safetensors.ts";
import { bytesSource } from "../../gguf/source.ts";
import { buildSafetensors, safetensorsOf } from "./safetensors_builder.ts";
import { floats } from "./torch_builder.ts";
import { concat, fields } from "./zip_builder.ts";

const read = (bytes: Uint8Array) => readSafetensors(bytesSource(bytes));
const eight = new Uint8Array(8);
const sound = { dtype: "F32", shape: [2], data: floats(1, 2) };
const w = '"dtype":"F32","shape":[2],"data_offsets":[0,8]';

describe("readSafetensors reads", () => {
  it("tensors, their values and the metadata", async () => {
    const half = new Uint8Array(Uint16Array.of(0x3e00).buffer);
    const file = await read(
      buildSafetensors(
        { a: sound, b: { dtype: "F16", shape: [1, 1], data: half } },
        { format: "pt" },
      ),
    );
    expect([...file.metadata]).toEqual([["format", "pt"]]);
    expect(file.tensors.get("a")).toMatchObject({ dtype: "F32", shape: [2], byteLength: 8 });
    expect([...(await file.tensors.get("a")!.read())]).toEqual([1, 2]);
    expect([...(await file.tensors.get("b")!.read())]).toEqual([1.5]);
  });

  it("tensors in any order, empty ones and scalars", async () => {
    const header =
      ' {"z":{"dtype":"F32","shape":[],"data_offsets":[4,8]}, "e":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},\n' +
      '"a":{"data_offsets":[0,4],"shape":[1],"dtype":"I32"}}  ';
    const file = await read(safetensorsOf(header.slice(1), floats(0, 3)));
    expect([...file.tensors.keys()]).toEqual(["z", "e", "a"]);
    expect([...(await file.tensors.get("z")!.read())]).toEqual([3]);
    expect([...(await file.tensors.get("e")!.read())]).toEqual([]);
  });

  it("names with escapes, and __proto__ as a name like any other", async () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a\\u0062\\"":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}';
    expect([...(await read(safetensorsOf(header))).tensors.keys()]).toEqual(["__proto__", 'ab"']);
  });

  it("a file without tensors", async () => {
    expect((await read(safetensorsOf("{}"))).tensors.size).toBe(0);
  });
});

describe("readSafetensors refuses", () => {
  const entry = (members: string, data = eight) => safetensorsOf(`{"w":{${members}}}`, data);
  const two = (first: string, second: string, data: Uint8Array = eight) =>
    safetensorsOf(
      `{"a":{"dtype":"F32","shape":[1],"data_offsets":${first}},"b":{"dtype":"F32","shape":[1],"data_offsets":${second}}}`,
      data,
    );
  const malformed: Record<string, [Uint8Array, RegExp]> = {
    "fewer than eight bytes": [new Uint8Array(7), /length field/],
    "a header longer than the file": [concat([fields([8, 99]), new Uint8Array(9)]), /cut off/],
    "a header over the cap": [concat([fields([8, maximumHeaderBytes + 1]), eight]), /at most/],
    "a header of 2^63 bytes": [concat([fields([8, 2 ** 63]), eight]), /at most/],
    "no header": [fields([8, 0]), /begin with/],
    "a header that begins with a space": [safetensorsOf(" {}"), /begin with/],
    "a header that is an array": [safetensorsOf("[]"), /begin with/],
    "a header that is not UTF-8": [concat([fields([8, 2]), Uint8Array.of(0x7b, 0xff)]), /UTF-8/],
    "a header without an end": [safetensorsOf('{"w":{'), /expected/],
    "text behind the header": [safetensorsOf("{}x"), /last brace/],
    "a tensor that is a number": [safetensorsOf('{"w":1}'), /expected/],
    "a key without quotes": [safetensorsOf("{w:1}"), /string/],
    "a trailing comma": [safetensorsOf(`{"w":{${w}},}`, eight), /string/],
    "an unfinished string": [safetensorsOf('{"w'), /malformed/],
    "a bad escape": [safetensorsOf('{"\\x":1}'), /malformed/],
    "a control character in a string": [safetensorsOf('{"\n":1}'), /malformed/],
    "a tensor twice": [safetensorsOf(`{"w":{${w}},"w":{${w}}}`, eight), /twice/],
    "a tensor twice, once escaped": [
      safetensorsOf(`{"w":{${w}},"\\u0077":{${w}}}`, eight),
      /twice/,
    ],
    "a member twice": [entry(`${w},"dtype":"F32"`), /twice/],
    "an unknown member": [entry(`${w},"strides":[1]`), /unknown/],
    "no type": [entry('"shape":[2],"data_offsets":[0,8]'), /lacks/],
    "no shape": [entry('"dtype":"F32","data_offsets":[0,8]'), /lacks/],
    "no offsets": [entry('"dtype":"F32","shape":[2]'), /lacks/],
    "one offset": [entry('"dtype":"F32","shape":[2],"data_offsets":[0]'), /lacks/],
    "three offsets": [entry('"dtype":"F32","shape":[2],"data_offsets":[0,8,8]'), /longer than 2/],
    "a negative size": [entry('"dtype":"F32","shape":[-2],"data_offsets":[0,8]'), /whole number/],
    "a fractional size": [entry('"dtype":"F32","shape":[2.0],"data_offsets":[0,8]'), /expected/],
    "a size with an exponent": [
      entry('"dtype":"F32","shape":[2e0],"data_offsets":[0,8]'),
      /expected/,
    ],
    "a size with a leading zero": [
      entry('"dtype":"F32","shape":[02],"data_offsets":[0,8]'),
      /whole number/,
    ],
    "a size above 2^53": [
      entry('"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]'),
      /whole number/,
    ],
    "a product of sizes that overflows": [
      entry('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]'),
      /not F32 of shape/,
    ],
    "too many dimensions": [
      entry(`"dtype":"F32","shape":[${"1,".repeat(16)}2],"data_offsets":[0,8]`),
      /longer than 16/,
    ],
    "a shape that does not fit the bytes": [
      entry('"dtype":"F32","shape":[3],"data_offsets":[0,8]'),
      /not F32 of shape/,
    ],
    "an unknown type": [entry('"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]'), /F8_E4M3/],
    "a type named like a method": [
      entry('"dtype":"constructor","shape":[8],"data_offsets":[0,8]'),
      /unsupported/,
    ],
    "offsets in reverse": [two("[0,4]", "[4,3]"), /outside the file|unused/],
    "overlapping tensors": [two("[0,4]", "[2,6]"), /overlaps/],
    "the same bytes twice": [two("[0,4]", "[0,4]", floats(1)), /overlaps/],
    "a hole at the start": [two("[4,8]", "[8,12]", new Uint8Array(12)), /unused bytes before/],
    "a hole between tensors": [two("[0,4]", "[8,12]", new Uint8Array(12)), /unused bytes before/],
    "bytes at the end": [two("[0,4]", "[4,8]", new Uint8Array(9)), /at its end/],
    "a tensor behind the end": [two("[0,4]", "[4,8]", new Uint8Array(7)), /outside the file/],
    "metadata twice": [safetensorsOf('{"__metadata__":{},"__metadata__":{}}'), /twice/],
    "a metadata key twice": [safetensorsOf('{"__metadata__":{"a":"1","a":"2"}}'), /twice/],
    "metadata that is not text": [safetensorsOf('{"__metadata__":{"a":1}}'), /string/],
  };
  for (const [name, [bytes, reason]] of Object.entries(malformed)) {
    it(name, async () => {
      const error = await read(bytes).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }

  const file = buildSafetensors({ a: sound, b: sound }, { format: "pt" });

  it("a file cut at any byte", async () => {
    for (let length = 0; length < file.length; length++) {
      await expect(read(file.slice(0, length)), `${length} bytes`).rejects.toThrow(QragError);
    }
  });

  it("or reads tensors that lie in the file, whatever byte is changed", async () => {
    const change = fc.tuple(fc.nat(file.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = file.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        const found = await read(changed).catch((error) => {
          expect(error).toBeInstanceOf(QragError);
        });
        for (const tensor of found?.tensors.values() ?? []) await tensor.read();
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});
