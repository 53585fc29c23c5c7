// Makes the files of one encoder, all from one folder of weights.
import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { convertCheckpoint } from "../../convert/convert.ts";
import type { TensorTypeName } from "../../gguf/format.ts";
import type { WeightType } from "../onnx/graph.ts";
import { readWeights, writeOnnx } from "../onnx/make.ts";
import { minilmModel } from "../onnx/minilm.ts";
import type { Encoder, EncoderFile } from "./encoders.ts";
import { writeEncoder } from "./folder.ts";
import { type EncoderShape, minilmShape, type Purpose, randomWeights } from "./shape.ts";

/** The type of the weights, and that of the embeddings. */
const types: Partial<Record<EncoderFile, readonly [TensorTypeName, TensorTypeName]>> = {
  "f32.gguf": ["F32", "F32"],
  "q8_0.gguf": ["Q8_0", "Q8_0"],
  "q4_0.gguf": ["Q4_0", "Q4_0"],
  "q8_0-q4_0.gguf": ["Q8_0", "Q4_0"],
};

/** The folder of a trained model to take instead of random weights: all-MiniLM-L6-v2, for the vectors of L6. */
const trained = process.env.QRAG_REAL_MODELS;

/** `int8`: which of the two suits the machine. */
export async function makeEncoder(
  folder: string,
  { shape, purpose, name }: Encoder,
  files: Iterable<EncoderFile>,
  int8: WeightType,
): Promise<void> {
  const numbers = minilmShape(shape === "l6" ? 6 : 12);
  const seed = numbers.layers;
  if (trained && name === "l6-vectors") await cp(trained, folder, { recursive: true });
  else await writeEncoder(folder, numbers, purpose, randomWeights(numbers, purpose, seed));
  for (const file of files) await makeEncoderFile(folder, file, numbers, purpose, int8);
}

/** Of the weights in the folder. */
export async function makeEncoderFile(
  folder: string,
  file: EncoderFile,
  shape: EncoderShape,
  purpose: Purpose,
  int8: WeightType,
): Promise<void> {
  const output = join(folder, file);
  const [type, embeddingType] = types[file] ?? [];
  if (type) {
    await convertCheckpoint({ checkpoint: folder, output, type, embeddingType });
    return;
  }
  await mkdir(dirname(output), { recursive: true });
  const weightType = file === "onnx/model.onnx" ? "fp32" : int8;
  await writeOnnx(output, minilmModel(shape, purpose, weightType, await readWeights(folder)));
}
