// A small random model straight in native memory: for tests of the addon that need no file.

import type { Hyperparameters, NativeModel } from "../../native/contract.ts";
import { addon } from "../../native/loader.ts";
import { openModel, type TensorStream } from "../../native/model.ts";

export const smallNumbers: Hyperparameters = {
  contextLength: 128,
  embeddingLength: 64,
  blockCount: 2,
  feedForwardLength: 96,
  headCount: 4,
  headCountKv: 2,
  keyLength: 16,
  ropeDimensionCount: 16,
  vocabularySize: 100,
  outputCount: 2,
  normEpsilon: 1e-5,
  ropeFreqBase: 10000,
};

/** The required tensors of a model of these sizes, with values from a fixed sequence. */
export function smallTensors(numbers: Hyperparameters, type = "F32"): TensorStream[] {
  const lengths: Record<string, number> = {
    embedding: numbers.embeddingLength,
    query: numbers.headCount * numbers.keyLength,
    keyValue: numbers.headCountKv * numbers.keyLength,
    feedForward: numbers.feedForwardLength,
    vocabulary: numbers.vocabularySize,
    output: numbers.outputCount,
  };
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  return addon()
    .architectures()
    .find(({ name }) => name === "qrag")!
    .tensors.filter((row) => row.required)
    .flatMap((row) => {
      const shape = row.shape.map((size) => lengths[size]!);
      const count = shape.reduce((product, length) => product * length, 1);
      const blocks = row.name.includes("{block}") ? numbers.blockCount : 1;
      return Array.from({ length: blocks }, (_, block) => {
        const values = Float32Array.from({ length: count }, () =>
          shape.length === 1 ? 1 : random() * 0.4,
        );
        const tensorType = row.types.includes(type) ? type : "F32";
        const bytes = addon().quantizeRows(tensorType, values, shape[0]!);
        const name = row.name.replace("{block}", String(block));
        return { name, type: tensorType, shape, chunks: () => [bytes] };
      });
    });
}

export function openSmallModel(
  threads = 1,
  type = "F32",
  kernels = "reference",
): Promise<NativeModel> {
  return openModel("qrag", smallNumbers, smallTensors(smallNumbers, type), { threads, kernels });
}
