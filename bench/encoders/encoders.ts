// The encoders that the bench compares, and the files that their contenders read.
import type { Purpose } from "./shape.ts";

export interface Encoder {
  /** Of the suite, and of the folder that holds the files. */
  readonly name: EncoderName;
  readonly shape: "l6" | "l12";
  readonly purpose: Purpose;
}

export type EncoderName = `${"l6" | "l12"}-${"vectors" | "pairs"}`;

/** L6 pools as all-MiniLM-L6-v2 does, L12 as bge-small. */
export const encoders: readonly Encoder[] = [
  { name: "l6-vectors", shape: "l6", purpose: { pooling: "mean" } },
  { name: "l12-vectors", shape: "l12", purpose: { pooling: "cls" } },
  { name: "l6-pairs", shape: "l6", purpose: { labels: 1 } },
  { name: "l12-pairs", shape: "l12", purpose: { labels: 1 } },
];

/** Paths below an encoder's folder; those of ONNX files are where transformers.js looks for them. */
export type EncoderFile =
  | "f32.gguf"
  | "q8_0.gguf"
  | "q4_0.gguf"
  | "q8_0-q4_0.gguf"
  | "onnx/model.onnx"
  | "onnx/model_quantized.onnx";
