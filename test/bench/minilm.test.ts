// The encoder's graph, run by onnxruntime, against a second writing of BERT in plain loops.
import { describe, expect, it } from "vitest";
import { installLine, peerInstalled } from "../../bench/contenders/installed.ts";
import { type EncoderShape, type Purpose, randomWeights } from "../../bench/encoders/shape.ts";
import {
  marginsOf,
  openEncoderSession,
  pooledStates,
  unit,
} from "../../bench/onnx/encoder_session.ts";
import type { WeightType } from "../../bench/onnx/graph.ts";
import { minilmModel } from "../../bench/onnx/minilm.ts";

const shape: EncoderShape = {
  layers: 2,
  hidden: 12,
  heads: 3,
  intermediate: 20,
  vocabulary: 40,
  positions: 16,
};
const tokens = [7, 3, 39, 0, 12, 5, 5];
const second = 3;

type Weights = ReadonlyMap<string, Float32Array>;

/** Types that differ: the bench's own are alike. */
function weightsFor(purpose: Purpose): Weights {
  const weights = randomWeights(shape, purpose, 1);
  weights.get("embeddings.token_type_embeddings.weight")!.set([0.9, -0.4, 0.3]);
  return weights;
}

/** What the graph gives for the tokens, beside a shorter text that it is filled up for. */
async function run(purpose: Purpose, type: WeightType): Promise<ArrayLike<number>> {
  const weights = weightsFor(purpose);
  const encoded = minilmModel(shape, purpose, type, (name) => weights.get(name)!);
  const session = await openEncoderSession(Buffer.concat([...encoded]), 1);
  const inputs = [{ tokens: Int32Array.of(1, 2) }, { tokens: Int32Array.from(tokens), second }];
  const { outputs } = await session.run(inputs);
  await session.release();
  if ("labels" in purpose) return [marginsOf(outputs.logits!)[1]!];
  const lengths = inputs.map((input) => input.tokens.length);
  return pooledStates(outputs.last_hidden_state!, lengths, purpose.pooling)[1]!;
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

function plain(purpose: Purpose): ArrayLike<number> {
  const weights = weightsFor(purpose);
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
    const part = (kind: string, at: number) =>
      row(`embeddings.${kind}_embeddings.weight`, at, hidden);
    const words = added(part("word", token), part("token_type", place < second ? 0 : 1));
    return norm(added(words, part("position", place)), "embeddings.LayerNorm");
  });
  for (let layer = 0; layer < shape.layers; layer++) {
    const name = `encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((part) =>
      x.map((token) => linear(token, `${name}.attention.self.${part}`, hidden)),
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
        added(token, linear(mixed[i]!, `${name}.attention.output.dense`, hidden)),
        `${name}.attention.output.LayerNorm`,
      );
      const inner = linear(attended, `${name}.intermediate.dense`, intermediate).map(
        (item) => (item * (1 + erf(item / Math.SQRT2))) / 2,
      );
      return norm(
        added(attended, linear(inner, `${name}.output.dense`, hidden)),
        `${name}.output.LayerNorm`,
      );
    });
  }
  if ("pooling" in purpose) {
    const pooled = purpose.pooling === "cls" ? x[0]! : x.reduce(added);
    return unit(Float32Array.from(pooled));
  }
  const pooled = linear(x[0]!, "pooler.dense", hidden).map(Math.tanh);
  const [first, last] = linear(pooled, "classifier", purpose.labels);
  return [last === undefined ? first! : last - first!];
}

const purposes: readonly Purpose[] = [
  { labels: 1 },
  { labels: 2 },
  { pooling: "mean" },
  { pooling: "cls" },
];

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe.skipIf(!peerInstalled("onnxruntime-node"))(
  `MiniLM's graph (skipped where onnxruntime-node is not: ${installLine})`,
  () => {
    it.each(purposes)("computes BERT in fp32: %o", async (purpose) => {
      expect(distance(await run(purpose, "fp32"), plain(purpose))).toBeLessThan(1e-4);
    });

    it.each(["int8", "int8-reduced"] as const)("computes nearly that in %s", async (type) => {
      for (const purpose of purposes) {
        const given = distance(await run(purpose, type), plain(purpose));
        expect(given).toBeGreaterThan(1e-4);
        expect(given).toBeLessThan(0.2);
      }
    });
  },
);
