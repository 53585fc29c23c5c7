// A baseline to measure beside the gate: somebody else's model on this disk, and how it is run.

export const competitorKinds = [
  "gguf-rank",
  "gguf-embedding",
  "onnx-cross-encoder",
  "onnx-embedding",
] as const;

export type CompetitorKind = (typeof competitorKinds)[number];

export interface Competitor {
  readonly name: string;
  /** Where it can be had. */
  readonly repository: string;
  readonly kind: CompetitorKind;
  /** Its file (GGUF) or folder (ONNX). */
  readonly path: string;
  /** "fp32" (the default), "q8", ...: which of the ONNX files in the folder. */
  readonly dtype: string;
  /** How an embedder makes one vector of many: the mean of all, or the first. */
  readonly pooling: "mean" | "first";
  /** What an embedder wants to read before the text. */
  readonly queryPrefix: string;
  readonly passagePrefix: string;
}

export interface CompetitorSettings {
  readonly threads: number;
}
