// onnxruntime-node as the bench uses it. It is installed beside the bench, by hand: qrag itself never sees it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../../base/package_root.ts";

interface OrtTensor {
  readonly data: Float32Array;
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

const peers = () => join(packageRoot(), "bench", "peers");

export const installLine = "npm ci --prefix bench/peers --ignore-scripts";

export const ortInstalled = () =>
  existsSync(join(peers(), "node_modules", "onnxruntime-node", "package.json"));

export const ort = (): Ort =>
  createRequire(join(peers(), "package.json"))("onnxruntime-node") as Ort;

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
