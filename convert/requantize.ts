// Makes another type out of a qrag GGUF file: the same metadata, the same tensors, other bytes.

import type { AtomicFileOptions } from "../base/atomic_file.ts";
import { checkDestination, type Destination, nameOf } from "../base/destination.ts";
import { QragError } from "../base/errors.ts";
import {
  architectureNamed,
  architectures,
  describeModel,
  expectedTensors,
  type ModelDescription,
  modelMetadata,
} from "../gguf/architecture.ts";
import {
  GgufError,
  type GgufFile,
  type Metadata,
  rowBytes,
  type TensorInfo,
  type TensorTypeName,
} from "../gguf/format.ts";
import { readGguf } from "../gguf/read.ts";
import { type ByteSource, fileSource } from "../gguf/source.ts";
import { addon } from "../native/loader.ts";
import { toFloat32 } from "./checkpoint/dtype.ts";
import type { ConvertProgress, WriteReport } from "./report.ts";
import { type RowCodec, TypeChoice } from "./write/quantize.ts";
import { typeFor, type WeightTypes } from "./write/types.ts";
import { storable, type Target, writeModel } from "./write/write_model.ts";

export interface RequantizeOptions extends AtomicFileOptions, WeightTypes {
  readonly input: string;
  readonly output: Destination;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
}

/** Bytes read at once; whole rows. */
const pieceBytes = 4 * 1024 * 1024;

export async function requantize(
  options: RequantizeOptions,
  codec: RowCodec = addon(),
): Promise<WriteReport> {
  checkDestination(options.output, options.force ?? false);
  const source = await openInput(options.input);
  try {
    const file = await readGguf(source);
    const model = describeModel(file, architectures);
    const choice = new TypeChoice();
    const targets = [
      ...newTypes(model, options, choice).map(([info, type]) => target(source, info, type, codec)),
      ...model.router.map((info) => target(source, info, info.type, codec)),
    ];
    const metadata = metadataFor(file, model, options.type);
    const written = await writeModel(options.output, metadata, targets, { ...options, codec });
    const { output, type } = options;
    return {
      ...written,
      output: nameOf(output),
      type,
      numbers: model.numbers,
      notes: choice.notes,
    };
  } catch (error) {
    throw inputError(options.input, error);
  } finally {
    await source.close();
  }
}

async function openInput(path: string): Promise<ByteSource> {
  try {
    return await fileSource(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QragError("MODEL_NOT_FOUND", `${path} cannot be opened: ${reason}`, { cause: error });
  }
}

/** The input is a model here: what is wrong with its content is the model's fault. */
function inputError(path: string, error: unknown): unknown {
  const code =
    error instanceof GgufError && error.kind === "unsupported"
      ? "MODEL_UNSUPPORTED"
      : "MODEL_INVALID";
  const isInput =
    error instanceof GgufError ||
    error instanceof RangeError ||
    (error instanceof QragError && error.code === "CHECKPOINT_INVALID");
  return isInput ? new QragError(code, `${path}: ${error.message}`, { cause: error }) : error;
}

/** The model's tensors with their new types. Those that are never quantized keep theirs. */
function newTypes(
  model: ModelDescription,
  weightTypes: WeightTypes,
  choice: TypeChoice,
): [TensorInfo, TensorTypeName][] {
  const exact = new Set(
    expectedTensors(architectureNamed(model.architecture), model)
      .filter(({ types }) => types.length === 1)
      .map(({ name }) => name),
  );
  return model.tensors.map((info) => {
    if (exact.has(info.name)) return [info, info.type];
    const wanted = typeFor(info.name, weightTypes);
    return [info, choice.choose(info.name, wanted, info.shape[0]!)];
  });
}

function target(
  source: ByteSource,
  info: TensorInfo,
  type: TensorTypeName,
  codec: RowCodec,
): Target {
  const { name, shape } = info;
  const content =
    type === info.type
      ? { bytes: () => pieces(source, info) }
      : { values: () => values(source, info, codec) };
  return { name, type, shape, source: name, content };
}

async function* pieces(
  source: ByteSource,
  { type, shape, offset, byteLength }: TensorInfo,
): AsyncGenerator<Uint8Array> {
  const row = rowBytes(type, shape[0]!);
  const step = Math.max(1, Math.floor(pieceBytes / row)) * row;
  for (let at = 0; at < byteLength; at += step) {
    yield await source.read(offset + at, Math.min(step, byteLength - at));
  }
}

async function* values(
  source: ByteSource,
  info: TensorInfo,
  codec: RowCodec,
): AsyncGenerator<Float32Array> {
  for await (const bytes of pieces(source, info)) {
    yield info.type === "F32"
      ? toFloat32("F32", bytes)
      : codec.dequantizeRows(info.type, bytes, info.shape[0]!);
  }
}

/** What describes the model is written anew; all other entries go along as they are. */
function metadataFor(file: GgufFile, model: ModelDescription, fileType: TensorTypeName): Metadata {
  const described = modelMetadata({ ...model, fileType });
  const others = [...file.metadata].filter(([key]) => !described.has(key));
  const isVocabulary = (key: string) => key.startsWith("tokenizer.");
  return storable(() =>
    modelMetadata({
      ...model,
      fileType,
      vocabulary: new Map(others.filter(([key]) => isVocabulary(key))),
      provenance: new Map(others.filter(([key]) => !isVocabulary(key))),
    }),
  );
}
