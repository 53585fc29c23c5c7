// Tiny BERTs' descriptions, and what a file of one, changed or not, is described as.
import {
  bert,
  describeModel,
  expectedTensors,
  modelMetadata,
  type NewModel,
} from "../../gguf/architecture.ts";
import type { MetadataValue, TensorEntry } from "../../gguf/format.ts";
import { parseHeader } from "../../gguf/read.ts";
import { planGguf } from "../../gguf/write.ts";

export const embedder: NewModel = {
  architecture: "bert",
  numbers: {
    contextLength: 48,
    embeddingLength: 64,
    blockCount: 2,
    feedForwardLength: 96,
    headCount: 4,
    headCountKv: 4,
    keyLength: 16,
    vocabularySize: 50,
    tokenTypeCount: 2,
    outputCount: 0,
    normEpsilon: Math.fround(1e-12),
  },
  name: "tiny",
  fileType: "Q8_0",
  output: { kind: "vector", pooling: "mean", normalize: true },
  frame: { kind: "text", query: "query: ", passage: "" },
  scripts: ["Latin"],
  tokenizerJson: "{}",
  tiedEmbeddings: false,
  conversionReport: "{}",
};

export const classifier = (...names: string[]): NewModel => ({
  ...embedder,
  numbers: { ...embedder.numbers, outputCount: names.length },
  output: { kind: "labels", names },
  frame: { kind: "pair" },
});

export type Change = (
  metadata: Map<string, MetadataValue>,
  tensors: Map<string, TensorEntry>,
) => void;

export function described(model: NewModel, change: Change = () => {}) {
  const metadata = new Map(modelMetadata(model));
  const entries = expectedTensors(bert, model).map(
    ({ name, shape, types }): [string, TensorEntry] => [
      name,
      { name, shape, type: types.includes("Q8_0") ? "Q8_0" : "F32" },
    ],
  );
  const tensors = new Map(entries);
  change(metadata, tensors);
  const { header, size } = planGguf(metadata, [...tensors.values()]);
  return describeModel(parseHeader(header, size));
}
