// Writes the .onnx files of the bench: random cross-encoders, and our decoder with the weights of the checkpoint.
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { publishedShape } from "../published.ts";
import { decoderModel } from "./decoder.ts";
import type { Encoded } from "./encode.ts";
import type { WeightType } from "./graph.ts";
import { minilmModel, minilmShape, randomWeights } from "./minilm.ts";

export async function writeMinilm(path: string, layers: number, type: WeightType): Promise<void> {
  // The seed does not depend on the type: int8 answers are checked against fp32 ones.
  await write(path, minilmModel(minilmShape(layers), type, randomWeights(layers)));
}

/** The head has the rows of the digits 0 and 1, in this order. */
export async function writeDecoder(path: string, folder: string): Promise<void> {
  const vocabulary = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")).model.vocab;
  const checkpoint = await openCheckpoint(join(folder, "checkpoint.pt"));
  try {
    const values = new Map<string, Float32Array>();
    for (const [name, tensor] of checkpoint.tensors) values.set(name, await tensor.read());
    const weights = (name: string) => values.get(name)!;
    const digits = ["0", "1"].map((digit) => vocabulary[digit] as number);
    await write(path, decoderModel(publishedShape, "int8", weights, digits));
  } finally {
    await checkpoint.close();
  }
}

async function write(path: string, content: Encoded): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writev([...content]);
  } finally {
    await file.close();
  }
}
