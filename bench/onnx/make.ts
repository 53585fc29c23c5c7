// Writes .onnx files: a graph as it is, and our decoder with the weights of the checkpoint.
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { publishedShape } from "../published.ts";
import { decoderModel } from "./decoder.ts";
import type { Encoded } from "./encode.ts";
import type { Weights, WeightType } from "./graph.ts";

/** The head has the rows of the digits 0 and 1, in this order. */
export async function writeDecoder(path: string, folder: string, type: WeightType): Promise<void> {
  const vocabulary = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8")).model.vocab;
  const weights = await readWeights(join(folder, "checkpoint.pt"));
  const digits = ["0", "1"].map((digit) => vocabulary[digit] as number);
  await writeOnnx(path, decoderModel(publishedShape, type, weights, digits));
}

/** All tensors of a checkpoint, by name. */
export async function readWeights(path: string): Promise<Weights> {
  const checkpoint = await openCheckpoint(path);
  try {
    const values = new Map<string, Float32Array>();
    for (const [name, tensor] of checkpoint.tensors) values.set(name, await tensor.read());
    return (name) => {
      const found = values.get(name);
      if (found) return found;
      throw new Error(`${path} has no tensor ${name}`);
    };
  } finally {
    await checkpoint.close();
  }
}

export async function writeOnnx(path: string, content: Encoded): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writev([...content]);
  } finally {
    await file.close();
  }
}
