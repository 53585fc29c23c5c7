// The encoders' contenders on a small model: all that are installed give the same answers, and calls are as long as they say.
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Contender } from "../../bench/contenders/contender.ts";
import { installLine, peerInstalled } from "../../bench/contenders/installed.ts";
import { openLlamaEncoder } from "../../bench/contenders/llama_encoders.ts";
import { openOnnxEncoder } from "../../bench/contenders/onnx_encoders.ts";
import { openEmbedder, openGate } from "../../bench/contenders/qrag.ts";
import { openTransformersJs, transformersJs } from "../../bench/contenders/transformers_js.ts";
import { deviationFrom } from "../../bench/deviation.ts";
import type { Purpose } from "../../bench/encoders/shape.ts";
import { openTokenizer } from "../../native/tokenizer/background.ts";
import { answersOf, callTokens, type SmallEncoder, smallEncoder } from "./small_encoder.ts";

const purposes: readonly (readonly [string, Purpose])[] = [
  ["vectors by mean", { pooling: "mean" }],
  ["vectors by cls", { pooling: "cls" }],
  ["margins of one label", { labels: 1 }],
  ["margins of two labels", { labels: 2 }],
];

describe.each(purposes)("%s", (_, purpose) => {
  const vectors = "pooling" in purpose;
  const open = vectors ? openEmbedder : openGate;
  let small: SmallEncoder;
  beforeAll(async () => {
    small = await smallEncoder(purpose);
  });
  afterAll(() => rm(small.folder, { recursive: true }));

  const ours = (file: string, kernels = "") => open(join(small.folder, file), 1, kernels);
  const deviation = async (contender: Contender) =>
    deviationFrom(small.expected, await answersOf(contender, small.calls));

  it("are asked for with as many tokens as a call says", async () => {
    const tokenizer = openTokenizer(readFileSync(join(small.folder, "tokenizer.json"), "utf8"));
    for (const { query, passages, tokens } of small.calls) {
      const inputs = vectors
        ? await tokenizer.encode(passages)
        : (await tokenizer.encodePairs(query, passages)).map((pair) => pair.tokens);
      expect(inputs.map(({ length }) => length)).toEqual(passages.map(() => tokens));
    }
    expect(small.calls.map(({ tokens }) => tokens)).toEqual(callTokens.flatMap((n) => [n, n]));
    tokenizer.dispose();
  });

  it("are ours in 8 bits, with 4-bit embeddings too", async () => {
    expect(await deviation(await ours("q8_0.gguf"))).toBeLessThan(0.15);
    expect(await deviation(await ours("q8_0-q4_0.gguf"))).toBeLessThan(0.3);
  });

  it("are ours in 4 bits, those of the same file", async () => {
    const reference = await answersOf(await ours("q4_0.gguf", "reference"), small.calls);
    const fast = await answersOf(await ours("q4_0.gguf"), small.calls);
    expect(deviationFrom(reference, fast)).toBeLessThan(0.15);
  });

  // Of two labels it gives the first alone.
  const oneNumber = vectors || purpose.labels === 1;
  it.skipIf(!oneNumber)("are node-llama-cpp's on our file", async () => {
    const path = join(small.folder, "q8_0.gguf");
    expect(await deviation(await openLlamaEncoder(path, purpose, 1))).toBeLessThan(0.15);
  });

  it.skipIf(!peerInstalled("onnxruntime-node"))(
    `are onnxruntime's (skipped where it is not installed: ${installLine})`,
    async () => {
      const { folder } = small;
      const fp32 = await openOnnxEncoder(folder, "onnx/model.onnx", purpose, 1);
      expect(await deviation(fp32)).toBeLessThan(1e-3);
      const int8 = await openOnnxEncoder(folder, "onnx/model_quantized.onnx", purpose, 1);
      expect(await deviation(int8)).toBeLessThan(0.15);
    },
  );

  it.skipIf(!peerInstalled(transformersJs))(
    `are transformers.js's (skipped where it is not installed: ${installLine})`,
    async () => {
      const fp32 = await openTransformersJs(small.folder, "fp32", purpose, 1);
      expect(await deviation(fp32)).toBeLessThan(1e-3);
      const int8 = await openTransformersJs(small.folder, "q8", purpose, 1);
      expect(await deviation(int8)).toBeLessThan(0.15);
    },
  );
});
