// The cross-encoder's graph, run by onnxruntime, against a second writing of BERT in plain loops.
import { describe, expect, it } from "vitest";
import type { WeightType } from "../../bench/onnx/graph.ts";
import { type BertShape, minilmModel, randomWeights } from "../../bench/onnx/minilm.ts";
import { installLine, openSession, ort, ortInstalled } from "../../bench/onnx/runtime.ts";

const shape: BertShape = {
  layers: 2,
  hidden: 12,
  heads: 3,
  intermediate: 20,
  vocabulary: 40,
  positions: 16,
};
const tokens = [7, 3, 39, 0, 12, 5, 5];
const types = [0, 0, 0, 1, 1, 1, 1];

/** The weights that the graph asked for, by name. */
function recorded(type: WeightType) {
  const random = randomWeights(1);
  const known = new Map<string, Float32Array>();
  const encoded = minilmModel(shape, type, (name, size) => {
    const values = random(name, size);
    known.set(name, values);
    return values;
  });
  return { model: new Uint8Array(Buffer.concat([...encoded])), known };
}

function run(model: Uint8Array): Promise<number> {
  const row = (items: readonly number[]) =>
    new (ort().Tensor)("int64", BigInt64Array.from(items.map(BigInt)), [1, items.length]);
  const inputs = {
    input_ids: row(tokens),
    attention_mask: row(tokens.map(() => 1)),
    token_type_ids: row(types),
  };
  return openSession(model, 1).then(async (session) => {
    const { logits } = await session.run(inputs);
    await session.release();
    return logits!.data[0]!;
  });
}

const sum = (items: readonly number[]) => items.reduce((total, item) => total + item, 0);
const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((item, i) => item * b[i]!));

/** The error function by its series, which is exact for the small values here. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function plainLogit(weights: ReadonlyMap<string, Float32Array>): number {
  const { hidden, heads, intermediate } = shape;
  const width = hidden / heads;
  const row = (name: string, at: number, length: number) =>
    Array.from(weights.get(name)!.subarray(at * length, (at + 1) * length));
  const linear = (x: readonly number[], name: string, outer: number) =>
    Array.from({ length: outer }, (_, i) => {
      return dot(x, row(`${name}.weight`, i, x.length)) + weights.get(`${name}.bias`)![i]!;
    });
  const norm = (x: readonly number[], name: string) => {
    const mean = sum(x) / hidden;
    const deviation = Math.sqrt(sum(x.map((item) => (item - mean) ** 2)) / hidden + 1e-12);
    const [scale, shift] = [weights.get(`${name}.weight`)!, weights.get(`${name}.bias`)!];
    return x.map((item, i) => ((item - mean) / deviation) * scale[i]! + shift[i]!);
  };
  const added = (a: readonly number[], b: readonly number[]) => a.map((item, i) => item + b[i]!);

  let x = tokens.map((token, place) => {
    const word = row("word_embedding", token, hidden);
    const kind = row("type_embedding", types[place]!, hidden);
    return norm(
      added(added(word, kind), row("position_embedding", place, hidden)),
      "embedding_norm",
    );
  });
  for (let layer = 0; layer < shape.layers; layer++) {
    const name = `layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((part) =>
      x.map((token) => linear(token, `${name}.${part}`, hidden)),
    );
    const mixed = q!.map((query) =>
      Array.from({ length: heads }, (_, head) => {
        const part = (token: readonly number[]) => token.slice(head * width, (head + 1) * width);
        const powers = k!.map((key) => Math.exp(dot(part(query), part(key)) / Math.sqrt(width)));
        const shares = powers.map((power) => power / sum(powers));
        return Array.from({ length: width }, (_, i) =>
          dot(
            shares,
            v!.map((value) => part(value)[i]!),
          ),
        );
      }).flat(),
    );
    x = x.map((token, i) => {
      const attended = norm(
        added(token, linear(mixed[i]!, `${name}.attention`, hidden)),
        `${name}.attention_norm`,
      );
      const inner = linear(attended, `${name}.up`, intermediate).map(
        (item) => (item * (1 + erf(item / Math.SQRT2))) / 2,
      );
      return norm(added(attended, linear(inner, `${name}.down`, hidden)), `${name}.output_norm`);
    });
  }
  return linear(linear(x[0]!, "pooler", hidden).map(Math.tanh), "classifier", 1)[0]!;
}

describe(`MiniLM's graph (skipped where onnxruntime-node is not: ${installLine})`, () => {
  it.skipIf(!ortInstalled())("computes BERT in fp32", async () => {
    const { model, known } = recorded("fp32");
    expect(await run(model)).toBeCloseTo(plainLogit(known), 4);
  });

  it.skipIf(!ortInstalled())("computes nearly that in int8", async () => {
    const { model, known } = recorded("int8");
    const expected = plainLogit(known);
    const given = await run(model);
    expect(Math.abs(given - expected)).toBeLessThan(0.1);
    expect(given).not.toBe(expected);
  });
});
