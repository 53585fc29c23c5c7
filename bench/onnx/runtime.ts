// onnxruntime-node as the bench uses it.
import { loadPeer } from "../contenders/installed.ts";

export interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface OrtSession {
  run(inputs: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface Ort {
  readonly env: { readonly versions: { readonly node?: string } };
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: object): Promise<OrtSession>;
  };
  readonly Tensor: new (type: "int64", data: BigInt64Array, shape: readonly number[]) => OrtTensor;
}

const ort = (): Ort => loadPeer("onnxruntime-node") as Ort;

export const ortBuild = () => `onnxruntime ${ort().env.versions.node ?? ""}`.trim();

export const int64 = (data: BigInt64Array, shape: readonly number[]) =>
  new (ort().Tensor)("int64", data, shape);

/** A session on `threads` threads, with everything that onnxruntime does to a graph by itself. */
export function openSession(model: string | Uint8Array, threads: number): Promise<OrtSession> {
  return ort().InferenceSession.create(model, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    logSeverityLevel: 3,
  });
}
