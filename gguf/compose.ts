// Composes the metadata of a new file from the description of a model; what describing it would refuse is refused here.
import type {
  Architecture,
  Entry,
  ModelMetadata,
  NumberRow,
} from "./architectures/architecture.ts";
import { architectureNamed } from "./architectures/registry.ts";
import { describeMetadata } from "./describe.ts";
import { exitEntries } from "./early_exit.ts";
import { GgufError, type Metadata, type MetadataValue, type TensorTypeName } from "./format.ts";
import { opinionEntries } from "./second_opinion.ts";

/** What a new file says about its model. */
export interface NewModel extends ModelMetadata {
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

export function modelMetadata(model: NewModel): Metadata {
  const architecture = architectureNamed(model.architecture);
  const metadata = merge([
    generalEntries(model),
    numberEntries(architecture, model),
    architecture.compose(model),
    gateEntries(model),
    model.provenance ?? [],
    model.vocabulary ?? [],
    [["tokenizer.huggingface.json", text(model.tokenizerJson)]],
  ]);
  describeMetadata(architecture, metadata, model.numbers.vocabularySize);
  return metadata;
}

function generalEntries({ architecture, name, fileType }: NewModel): Entry[] {
  return [
    ["general.architecture", text(architecture)],
    ["general.name", text(name ?? "")],
    ["general.file_type", u32(fileTypeNumbers[fileType])],
    ["general.quantization_version", u32(quantizationVersion)],
  ];
}

function numberEntries(architecture: Architecture, { numbers }: NewModel): Entry[] {
  return architecture.numbers.flatMap(({ key, kind, number }: NumberRow): Entry[] => {
    const value = numbers[number];
    if (key === undefined || value === undefined) return [];
    return [[key, { type: kind === "size" ? "u32" : "f32", value }]];
  });
}

function gateEntries(model: NewModel): Entry[] {
  const { scripts, languages, secondOpinion, earlyExit, conversionReport } = model;
  const list = (key: string, value: readonly string[] | undefined): Entry[] =>
    value === undefined ? [] : [[key, { type: "array", of: "string", value }]];
  return [
    ...list("general.languages", languages),
    ...list("qrag.scripts", scripts),
    ...opinionEntries(secondOpinion),
    ...exitEntries(earlyExit),
    ...(conversionReport === undefined
      ? []
      : [["qrag.conversion.report", text(conversionReport)] as const]),
  ];
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
