// Opens a native model: announces its tensors, streams their bytes in, seals it. The engine itself never touches a file.

import type { EarlyExit, Hyperparameters, NativeModel, Pooling, TensorSpec } from "./contract.ts";
import { addon } from "./loader.ts";

/** A tensor and the way to its bytes, in order, in pieces of any size, each valid until the next is asked for. */
export interface TensorStream extends TensorSpec {
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface OpenModelOptions {
  /** Threads that compute, the model's own worker among them. */
  threads: number;
  /** See NativeAddon.Model. Default: the reference, which all else is measured by. */
  kernels?: string | undefined;
  /** Matrices of Q4_0 become int8: faster, twice the memory. Default: they stay in four bits. */
  unpackWeights?: boolean | undefined;
  /** For a model that gives vectors. */
  pooling?: Pooling | undefined;
  /** Of a classifier. */
  earlyExit?: EarlyExit | undefined;
  signal?: AbortSignal | undefined;
}

/** A model ready to score. Its caller disposes it; when opening fails, nothing is left behind. */
export async function openModel(
  architecture: string,
  numbers: Hyperparameters,
  tensors: readonly TensorStream[],
  {
    threads,
    kernels = "reference",
    unpackWeights = false,
    pooling,
    earlyExit,
    signal,
  }: OpenModelOptions,
): Promise<NativeModel> {
  const specs = tensors.map(({ name, type, shape }) => ({ name, type, shape }));
  const model = new (addon().Model)(architecture, numbers, specs, {
    threads,
    kernels,
    unpack: unpackWeights,
    pooling,
    earlyExit,
  });
  try {
    for (const [index, tensor] of tensors.entries()) {
      let offset = 0;
      for await (const bytes of tensor.chunks()) {
        signal?.throwIfAborted();
        model.write(index, offset, bytes);
        offset += bytes.length;
      }
    }
    await model.seal();
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}
