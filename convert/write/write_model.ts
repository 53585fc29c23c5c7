// Streams a model's tensors into a new GGUF file, quantizing on the way.

import type { AtomicFileOptions } from "../../base/atomic_file.ts";
import { type Destination, writeTo } from "../../base/destination.ts";
import { GgufError, type Metadata, type TensorEntry } from "../../gguf/format.ts";
import { GgufWriter, planGguf } from "../../gguf/write.ts";
import { invalid } from "../errors.ts";
import type { ConvertProgress, WrittenTensor } from "../report.ts";
import { Quantizer, type RowCodec } from "./quantize.ts";

/** A tensor to write, and where it comes from. */
export interface Target extends TensorEntry {
  readonly source: string;
  /** Its values, whole rows at a time; or its bytes, when they are stored as they are. */
  readonly content:
    | { values(): AsyncIterable<Float32Array> }
    | { bytes(): AsyncIterable<Uint8Array> };
}

export interface WriteOptions extends AtomicFileOptions {
  readonly codec: RowCodec;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
}

export async function writeModel(
  destination: Destination,
  metadata: Metadata,
  targets: readonly Target[],
  options: WriteOptions,
): Promise<{ bytes: number; tensors: WrittenTensor[] }> {
  const plan = storable(() => planGguf(metadata, targets));
  const tensors: WrittenTensor[] = [];
  await writeTo(destination, options, async (sink) => {
    let done = 0;
    const writer = new GgufWriter(plan, {
      async write(bytes) {
        await sink.write(bytes);
        done += bytes.length;
        options.onProgress?.({ stage: "write", done, total: plan.size });
      },
    });
    for (const [index, { name, type, shape, source, content }] of targets.entries()) {
      const quantizer = new Quantizer(options.codec, source, type);
      await writer.writeTensor(name, chunks(content, quantizer, shape[0]!));
      const { byteLength } = plan.tensors[index]!;
      tensors.push({ name, type, shape, source, byteLength, error: quantizer.error });
    }
    await writer.finish();
  });
  return { bytes: plan.size, tensors };
}

async function* chunks(
  content: Target["content"],
  quantizer: Quantizer,
  rowLength: number,
): AsyncGenerator<Uint8Array> {
  if ("bytes" in content) yield* content.bytes();
  else for await (const values of content.values()) yield* quantizer.chunks(values, rowLength);
}

/** What the format or the architecture refuses is the checkpoint's fault here. */
export function storable<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof GgufError)) throw error;
    throw invalid(`the model cannot be stored: ${error.message}`, error);
  }
}
