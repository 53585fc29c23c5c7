// What an architecture is: its numbers, its keys and its tensors as data, and what they say of a model's input and answer.
import { GgufError, type MetadataValue, type Scalar, type TensorTypeName } from "../format.ts";
import type { Prompt } from "../prompt.ts";

/** The numbers of a model. An architecture has those that its table names. */
export interface Hyperparameters {
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly blockCount: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly headCountKv: number;
  /** Width of one head. */
  readonly keyLength: number;
  /** How many dimensions of a head RoPE turns; even, at most keyLength. */
  readonly ropeDimensionCount?: number;
  readonly vocabularySize: number;
  readonly tokenTypeCount?: number;
  /** Rows of the output tensor; 0 for a model that gives vectors. */
  readonly outputCount: number;
  readonly normEpsilon: number;
  readonly ropeFreqBase?: number;
}

export type NumberName = keyof Hyperparameters;

/** How the vectors of a text's tokens become one. */
export type Pooling = "mean" | "cls" | "last";

/** What a model answers with. */
export type Output =
  /** Rows of a language model's head: row i is that of token tokenIds[i], which stands for the digit labels[i]. */
  | {
      readonly kind: "decision";
      readonly tokenIds: readonly number[];
      readonly labels: readonly ("0" | "1")[];
    }
  /** A classifier. One label: its logit is the margin. Two: the margin is the second's logit minus the first's. */
  | { readonly kind: "labels"; readonly names: readonly string[] }
  | { readonly kind: "vector"; readonly pooling: Pooling; readonly normalize: boolean };

export type Decision = Extract<Output, { kind: "decision" }>;

/** How text becomes input. */
export type Frame =
  | (Prompt & { readonly kind: "prompt" })
  /** Query and passage as the tokenizer frames a pair. */
  | { readonly kind: "pair" }
  /** One text at a time, with what is put before a query or a passage. */
  | { readonly kind: "text"; readonly query: string; readonly passage: string };

/**
 * Where the margin m of a pair is nearer to 0 than `within`, (1 - (m / within)²) * weight * (cosine - centre) is added to
 * it. The cosine is that of the embedder's vectors of query and passage.
 */
export interface SecondOpinion {
  /** The SHA-256 of the embedder's file, in hexadecimal digits. */
  readonly embedder: string;
  readonly weight: number;
  readonly centre: number;
  readonly within: number;
}

/**
 * A row after the first `blocks` blocks of an encoder guesses the margin from the first token's state. A guess below
 * `below`, which is negative, is the margin: the other blocks are not computed.
 */
export interface EarlyExit {
  readonly blocks: number;
  readonly below: number;
  /** As long as a state. */
  readonly weight: Float32Array;
  readonly bias: number;
}

/** What a file's metadata says about the model. */
export interface ModelMetadata {
  /** The name of the architecture. */
  readonly architecture: string;
  readonly numbers: Hyperparameters;
  readonly name: string | undefined;
  readonly output: Output;
  readonly frame: Frame;
  /** Unicode's names of the scripts the model reads; undefined where the file does not say. */
  readonly scripts: readonly string[] | undefined;
  /** The languages it reads, such as "en"; looked at only where the scripts are known. */
  readonly languages?: readonly string[] | undefined;
  /** Of a gate; undefined where its own opinion is all. */
  readonly secondOpinion?: SecondOpinion | undefined;
  /** Of a gate of the BERT family; undefined where every pair goes through all blocks. */
  readonly earlyExit?: EarlyExit | undefined;
  readonly tokenizerJson: string;
  /** The head is the embedding; otherwise it is a tensor of its own, or was left out. */
  readonly tiedEmbeddings: boolean;
  /** What the converter found out, as JSON for `qrag verify`. Nothing else reads it. */
  readonly conversionReport: string | undefined;
}

/** A key that must have exactly this type: what stock programs write, and llama.cpp insists on. */
export interface KeyRow {
  readonly key: string;
  readonly type: "u32" | "f32" | "bool" | "string" | "i32[]" | "f32[]" | "string[]";
  readonly required: boolean;
}

/** The values of an architecture's keys, each of the type that its row asks for. */
export type KeyValues = ReadonlyMap<string, Scalar | readonly Scalar[]>;

export type Entry = readonly [string, MetadataValue];

/** A number and its range, which keeps every product of sizes far inside 2^53. */
export interface NumberRow {
  readonly number: NumberName;
  /** "size": a whole number from 1 to `max`. "positive": above 0 and below `max`. */
  readonly kind: "size" | "positive";
  readonly max: number;
  /** Where a file has it. Without a key it is counted or computed. */
  readonly key?: string;
  /** The value where the file has none, out of the numbers of the rows before it. */
  readonly otherwise?: (known: Hyperparameters) => number;
  /** "labels": 0 in a model that gives vectors. */
  readonly only?: "labels";
}

export type SizeName =
  | "embedding"
  | "feedForward"
  | "vocabulary"
  | "query"
  | "keyValue"
  | "ropeHalf"
  | "output"
  | "positions"
  | "tokenTypes";

/** A row of the table of tensors. `{block}` in a name runs over the blocks; `shape` names sizes, row length first. */
export interface TensorRow {
  readonly name: string;
  readonly shape: readonly SizeName[];
  readonly types: readonly TensorTypeName[];
  readonly required: boolean;
  /** "labels": only where there is an output tensor. "untied": only where the head is not the embedding. */
  readonly only?: "labels" | "untied";
}

export interface Architecture {
  readonly name: string;
  readonly numbers: readonly NumberRow[];
  /** In the order they are written. */
  readonly tensors: readonly TensorRow[];
  /** Tensors under the names that earlier files have. */
  readonly earlierNames?: ReadonlyMap<string, string>;
  /** Its keys besides those of its numbers and of every file. */
  readonly keys: readonly KeyRow[];
  /** Numbers that no row has: they follow from the others. */
  derive?(known: Hyperparameters): Partial<Hyperparameters>;
  /** Rules across numbers. */
  check(numbers: Hyperparameters): void;
  describe(
    values: KeyValues,
    vocabularySize: number,
  ): Pick<ModelMetadata, "output" | "frame" | "tiedEmbeddings">;
  /** The entries that `describe` reads. */
  compose(model: ModelMetadata): readonly Entry[];
}

export const size = (max: number) => ({ kind: "size" as const, max });
export const positive = (max: number) => ({ kind: "positive" as const, max });

/** A key or tensor that is missing, extra or wrong. */
export function refuse(key: string, problem: string): never {
  throw new GgufError("invalid", problem, { key });
}

/** Whether a file has keys that belong together; one that is missing beside others is refused. */
export function hasAll(values: KeyValues, keys: readonly string[]): boolean {
  const found = keys.find((key) => values.has(key));
  const missing = keys.find((key) => !values.has(key));
  if (found && missing) refuse(missing, `this key is missing beside ${found}`);
  return missing === undefined;
}

/** A row made concrete: one tensor of one model. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly types: readonly TensorTypeName[];
  readonly required: boolean;
}

/** Every tensor such a model may hold, in the order they are written. */
export function expectedTensors(
  { tensors }: Architecture,
  { numbers, tiedEmbeddings }: Pick<ModelMetadata, "numbers" | "tiedEmbeddings">,
): ExpectedTensor[] {
  const sizes: Record<SizeName, number> = {
    embedding: numbers.embeddingLength,
    feedForward: numbers.feedForwardLength,
    vocabulary: numbers.vocabularySize,
    query: numbers.headCount * numbers.keyLength,
    keyValue: numbers.headCountKv * numbers.keyLength,
    ropeHalf: (numbers.ropeDimensionCount ?? 0) / 2,
    output: numbers.outputCount,
    positions: numbers.contextLength,
    tokenTypes: numbers.tokenTypeCount ?? 0,
  };
  const absent = { labels: numbers.outputCount === 0, untied: tiedEmbeddings };
  const rows = tensors.filter(({ only }) => only === undefined || !absent[only]);
  const isBlock = ({ name }: TensorRow) => name.includes("{block}");
  const concrete = ({ name, shape, types, required }: TensorRow, block: number) => ({
    name: name.replace("{block}", String(block)),
    shape: shape.map((each) => sizes[each]),
    types,
    required,
  });
  const firstBlock = rows.findIndex(isBlock);
  const lastBlock = rows.findLastIndex(isBlock);
  const blocks = Array.from({ length: numbers.blockCount }, (_, block) =>
    rows.slice(firstBlock, lastBlock + 1).map((row) => concrete(row, block)),
  );
  return [
    ...rows.slice(0, firstBlock).map((row) => concrete(row, 0)),
    ...blocks.flat(),
    ...rows.slice(lastBlock + 1).map((row) => concrete(row, 0)),
  ];
}
