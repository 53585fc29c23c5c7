// The bench's ONNX files: what is encoded is read back field by field by a decoder of the wire format.
import { describe, expect, it } from "vitest";
import { type Encoded, encodeModel, float, int, message, text } from "../../bench/onnx/encode.ts";

const joined = (encoded: Encoded) => new Uint8Array(Buffer.concat([...encoded]));

type Field = { number: number; value: bigint | number | Uint8Array };

/** Protobuf's wire format: numbers, blocks with their length, and four-byte floats. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let place = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(bytes[place++]!);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  };
  const fields: Field[] = [];
  while (place < bytes.length) {
    const key = Number(varint());
    const number = key >> 3;
    if ((key & 7) === 0) fields.push({ number, value: varint() });
    else if ((key & 7) === 5) {
      fields.push({ number, value: view.getFloat32(place, true) });
      place += 4;
    } else {
      expect(key & 7).toBe(2);
      const length = Number(varint());
      fields.push({ number, value: bytes.slice(place, place + length) });
      place += length;
    }
  }
  expect(place).toBe(bytes.length);
  return fields;
}

const blocks = (bytes: Uint8Array, number: number) =>
  fieldsOf(bytes)
    .filter((field) => field.number === number)
    .map(({ value }) => value as Uint8Array);
const string = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("the wire format", () => {
  // Bytes from the examples of protobuf's own documentation, and the edges of seven bits.
  it.each([
    ["150", int(1, 150), "089601"],
    ["127", int(1, 127), "087f"],
    ["128", int(1, 128), "088001"],
    ["-1", int(1, -1), "08ffffffffffffffffff01"],
    ["a string", text(2, "testing"), "120774657374696e67"],
    ["a message", message(3, int(1, 150)), "1a03089601"],
    ["a float", float(2, 1), "150000803f"],
    ["a field above 15", int(20, 7), "a00107"],
  ])("has %s", (_, encoded, hex) => {
    expect(Buffer.from(joined(encoded)).toString("hex")).toBe(hex);
  });
});

describe("a model", () => {
  const model = joined(
    encodeModel({
      name: "tiny",
      opset: 17,
      nodes: [
        {
          operator: "MatMul",
          inputs: ["x", "w"],
          outputs: ["y"],
          attributes: [
            { name: "axes", value: { ints: [-1, 300] } },
            { name: "epsilon", value: { float: 0.5 } },
          ],
        },
      ],
      initializers: [{ name: "w", type: "float", shape: [2, 1], data: Float32Array.of(1.5, -2) }],
      inputs: [{ name: "x", type: "float", shape: ["batch", 2] }],
      outputs: [{ name: "y", type: "float", shape: ["batch", 1] }],
    }),
  );
  const graph = blocks(model, 7)[0]!;

  it("says its version of the format and of the operators", () => {
    expect(fieldsOf(model)[0]).toEqual({ number: 1, value: 8n });
    const opset = fieldsOf(blocks(model, 8)[0]!);
    expect(opset.find(({ number }) => number === 2)?.value).toBe(17n);
  });

  it("has its operators with their attributes", () => {
    const node = blocks(graph, 1)[0]!;
    expect(blocks(node, 1).map(string)).toEqual(["x", "w"]);
    expect(blocks(node, 2).map(string)).toEqual(["y"]);
    expect(string(blocks(node, 4)[0])).toBe("MatMul");
    const [axes, epsilon] = blocks(node, 5).map(fieldsOf);
    expect(axes!.filter(({ number }) => number === 8).map(({ value }) => value)).toEqual([
      2n ** 64n - 1n,
      300n,
    ]);
    expect(epsilon!.find(({ number }) => number === 2)?.value).toBe(0.5);
  });

  it("has its weights as they are", () => {
    const weights = blocks(graph, 5)[0]!;
    expect(string(blocks(weights, 8)[0])).toBe("w");
    expect(new Float32Array(blocks(weights, 9)[0]!.buffer)).toEqual(Float32Array.of(1.5, -2));
    const dimensions = fieldsOf(weights).filter(({ number }) => number === 1);
    expect(dimensions.map(({ value }) => value)).toEqual([2n, 1n]);
  });

  it("has its inputs and outputs", () => {
    expect(blocks(graph, 11).map((value) => string(blocks(value, 1)[0]))).toEqual(["x"]);
    expect(blocks(graph, 12).map((value) => string(blocks(value, 1)[0]))).toEqual(["y"]);
  });
});
