// Composes the metadata of a new file: a `qrag` file, or the same weights as llama.cpp's stock `llama` architecture.
import { describeMetadata } from "./describe.ts";
import { GgufError, type Metadata, type MetadataValue, type TensorTypeName } from "./format.ts";
import {
  architectureName,
  type Hyperparameters,
  type ModelMetadata,
  type NumberRow,
  numberTable,
} from "./tables.ts";

/** What both layouts say about a model. */
export interface FileDescription {
  readonly numbers: Hyperparameters;
  readonly name: string;
  /** The type of most weights. */
  readonly fileType: TensorTypeName;
  /** The `tokenizer.ggml.*` entries. */
  readonly vocabulary?: Metadata | undefined;
  /** Further entries, such as where the checkpoint came from. */
  readonly provenance?: Metadata | undefined;
}

/** llama.cpp's llama_ftype of a file that holds mostly this type. */
const fileTypeNumbers: Readonly<Record<TensorTypeName, number>> = {
  F32: 0,
  F16: 1,
  BF16: 32,
  Q8_0: 7,
  Q4_0: 2,
  Q4_K: 14,
  Q6_K: 18,
};

/** ggml's GGML_QNT_VERSION: the layout of its quantized blocks. */
const quantizationVersion = 2;

const text = (value: string): MetadataValue => ({ type: "string", value });
const u32 = (value: number): MetadataValue => ({ type: "u32", value });

/** The metadata of a `qrag` file. What `describeModel` would refuse is refused here. */
export function modelMetadata(model: FileDescription & ModelMetadata): Metadata {
  const { numbers } = model;
  const metadata = merge([
    generalEntries(model, architectureName),
    numberTable.map((row) => numberEntry(row, numbers)),
    gateEntries(model),
    model.provenance ?? [],
    model.vocabulary ?? [],
    [tokenizerEntry(model)],
  ]);
  describeMetadata(metadata, numbers.vocabularySize);
  return metadata;
}

/**
 * The metadata of a `llama` file. Its tensors are the model's without the decision rows and router.*, and with
 * output.weight unless the head is tied: llama.cpp refuses a file with a tensor it does not know. Keys it does not know
 * it leaves alone: with the gate's own among them the file can be loaded by what judges through llama.cpp.
 */
export function llamaMetadata(
  model: FileDescription & ModelMetadata & { vocabulary: Metadata },
): Metadata {
  const { numbers } = model;
  if (numbers.ropeDimensionCount !== numbers.keyLength) {
    throw new GgufError(
      "unsupported",
      `RoPE turns ${numbers.ropeDimensionCount} of ${numbers.keyLength} dimensions, and llama.cpp's llama turns all; ` +
        "this model has no llama layout",
      { key: "llama.rope.dimension_count" },
    );
  }
  return merge([
    generalEntries(model, "llama"),
    numberTable.map((row) => numberEntry({ ...row, key: llamaKey(row) }, numbers)),
    [
      ["llama.attention.value_length", u32(numbers.keyLength)],
      ["llama.vocab_size", u32(numbers.vocabularySize)],
    ],
    gateEntries(model),
    model.provenance ?? [],
    model.vocabulary,
    [tokenizerEntry(model)],
  ]);
}

/** The key of a number in a `llama` file: llama.cpp names them alike for all architectures. */
export function llamaKey({ key }: NumberRow): string {
  return key.replace(`${architectureName}.`, "llama.");
}

type Entry = readonly [string, MetadataValue];

/** What makes a decoder a gate: which tokens answer, and to which prompt. */
function gateEntries({
  decision,
  prompt,
  tiedEmbeddings,
  conversionReport,
}: ModelMetadata): Entry[] {
  return [
    ["qrag.decision.token_ids", { type: "array", of: "i32", value: decision.tokenIds }],
    ["qrag.decision.labels", { type: "array", of: "string", value: decision.labels }],
    ["qrag.tied_embeddings", { type: "bool", value: tiedEmbeddings }],
    ["qrag.prompt.system", text(prompt.system)],
    ["qrag.prompt.template", text(prompt.template)],
    ...(conversionReport === undefined
      ? []
      : [["qrag.conversion.report", text(conversionReport)] as const]),
  ];
}

function tokenizerEntry({ tokenizerJson }: ModelMetadata): Entry {
  return ["tokenizer.huggingface.json", text(tokenizerJson)];
}

function generalEntries({ name, fileType }: FileDescription, architecture: string): Entry[] {
  return [
    ["general.architecture", text(architecture)],
    ["general.name", text(name)],
    ["general.file_type", u32(fileTypeNumbers[fileType])],
    ["general.quantization_version", u32(quantizationVersion)],
  ];
}

function numberEntry({ key, type, number }: NumberRow, numbers: Hyperparameters): Entry {
  return [key, { type, value: numbers[number] }];
}

/** One map of all entries, in order; no entry may replace another. */
function merge(groups: readonly Iterable<Entry>[]): Metadata {
  const metadata = new Map<string, MetadataValue>();
  for (const [key, value] of groups.flatMap((group) => [...group])) {
    if (metadata.has(key)) throw new GgufError("invalid", "two entries have this key", { key });
    metadata.set(key, value);
  }
  return metadata;
}
