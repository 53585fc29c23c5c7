// Describes the model in a file: checks keys and tensors against the tables; whatever is missing, extra or wrong is named.

import { quote } from "../base/quote.ts";
import {
  GgufError,
  type GgufErrorKind,
  type GgufFile,
  type Metadata,
  type Scalar,
  type TensorInfo,
  type TensorTypeName,
} from "./format.ts";
import { checkPrompt } from "./prompt.ts";
import {
  architectureName,
  type Decision,
  decisionTensor,
  type ExpectedTensor,
  earlierDecisionTensor,
  expectedTensors,
  type KeyedNumber,
  keyTable,
  type ModelMetadata,
  maxDecisionRows,
  maxVocabulary,
  numberTable,
  routerPrefix,
} from "./tables.ts";

/** How many tensors and bytes of a file are of one type. */
export interface TypeShare {
  readonly type: TensorTypeName;
  readonly tensors: number;
  readonly bytes: number;
}

export interface ModelDescription extends ModelMetadata {
  /** What the engine reads. */
  readonly tensors: readonly TensorInfo[];
  /** Tensors named `router.*`: kept in the file, not read. */
  readonly router: readonly TensorInfo[];
  /** How the bytes of all tensors divide into types, largest share first. */
  readonly fileTypes: readonly TypeShare[];
}

/** The model in a file; throws naming the first key or tensor that is missing, extra or wrong. */
export function describeModel(file: GgufFile): ModelDescription {
  checkArchitecture(file.metadata);
  const tensors = file.tensors.map((tensor) =>
    tensor.name === earlierDecisionTensor ? { ...tensor, name: decisionTensor } : tensor,
  );
  return describeParts(file.metadata, tensors, ({ numbers }) => expectedTensors(numbers));
}

/** The same of parts that are already in the tables' own terms; `expected` says which tensors the file's layout has. */
export function describeParts(
  entries: Metadata,
  found: readonly TensorInfo[],
  expected: (metadata: ModelMetadata) => readonly ExpectedTensor[],
): ModelDescription {
  const embedding = found.find(({ name }) => name === "token_embd.weight");
  const vocabularySize = embedding?.shape[1];
  if (vocabularySize === undefined) {
    fail("token_embd.weight", embedding ? "must have two dimensions" : "this tensor is missing");
  }
  const metadata = describeMetadata(entries, vocabularySize);
  const { tensors, router } = matchTensors(found, expected(metadata));
  return { ...metadata, tensors, router, fileTypes: typeShares(found) };
}

/** What the metadata says, checked key by key. */
export function describeMetadata(metadata: Metadata, vocabularySize: number): ModelMetadata {
  const values = readKeys(metadata);
  const text = (key: string) => values.get(key) as string;
  const decision = describeDecision(values, vocabularySize);
  const prompt = { system: text("qrag.prompt.system"), template: text("qrag.prompt.template") };
  checkPrompt(prompt);
  if (vocabularySize > maxVocabulary) {
    fail("token_embd.weight", `has ${vocabularySize} rows, more than the ${maxVocabulary} allowed`);
  }
  return {
    numbers: {
      ...describeNumbers(values),
      vocabularySize,
      decisionCount: decision.tokenIds.length,
    },
    name: values.get("general.name") as string | undefined,
    prompt,
    decision,
    tokenizerJson: text("tokenizer.huggingface.json"),
    tiedEmbeddings: values.get("qrag.tied_embeddings") as boolean,
    conversionReport: values.get("qrag.conversion.report") as string | undefined,
  };
}

function fail(
  key: string,
  problem: string,
  offset?: number,
  kind: GgufErrorKind = "invalid",
): never {
  throw new GgufError(kind, problem, offset === undefined ? { key } : { key, offset });
}

function checkArchitecture(metadata: Metadata): void {
  const key = "general.architecture";
  const entry = metadata.get(key);
  if (entry?.type !== "string" || entry.value === architectureName) return;
  const remedy = "make a qrag file from its checkpoint with `qrag convert`";
  fail(
    key,
    `the model is of architecture ${quote(entry.value)}, not ${architectureName}; ${remedy}`,
    undefined,
    "unsupported",
  );
}

type KeyValues = ReadonlyMap<string, Scalar | readonly Scalar[]>;

/** The values of the table's keys; each has the type its row asks for. */
function readKeys(metadata: Metadata): KeyValues {
  const values = new Map<string, Scalar | readonly Scalar[]>();
  for (const { key, type, required } of keyTable) {
    const entry = metadata.get(key);
    if (entry === undefined) {
      if (required) fail(key, "this key is missing");
      continue;
    }
    const found = entry.type === "array" ? `${entry.of}[]` : entry.type;
    if (found !== type) fail(key, `must be of type ${type} and is of type ${found}`);
    values.set(key, entry.value);
  }
  for (const key of metadata.keys()) {
    if (key.startsWith(`${architectureName}.`) && !values.has(key)) {
      fail(key, "this key is unknown; a newer qrag may read the file", undefined, "unsupported");
    }
  }
  return values;
}

function describeNumbers(values: KeyValues): Record<KeyedNumber, number> {
  const numbers = {} as Record<KeyedNumber, number>;
  for (const { key, number, range, holds, otherwise } of numberTable) {
    const value = (values.get(key) as number | undefined) ?? otherwise?.(numbers) ?? Number.NaN;
    if (!holds(value)) fail(key, `is ${value}, expected ${range}`);
    numbers[number] = value;
  }
  const { headCount, headCountKv, keyLength, ropeDimensionCount } = numbers;
  if (headCount % headCountKv !== 0) {
    fail("qrag.attention.head_count_kv", `${headCountKv} does not divide the ${headCount} heads`);
  }
  if (!Number.isInteger(keyLength)) {
    fail(
      "qrag.attention.key_length",
      "is absent, and the heads do not divide the embedding length",
    );
  }
  if (ropeDimensionCount % 2 !== 0 || ropeDimensionCount > keyLength) {
    const range = `even and at most the key length, ${keyLength}`;
    fail("qrag.rope.dimension_count", `is ${ropeDimensionCount}, expected ${range}`);
  }
  return numbers;
}

function describeDecision(values: KeyValues, vocabularySize: number): Decision {
  const tokensKey = "qrag.decision.token_ids";
  const labelsKey = "qrag.decision.labels";
  const tokenIds = values.get(tokensKey) as readonly number[];
  const labels = values.get(labelsKey) as readonly string[];
  if (tokenIds.length > maxDecisionRows) {
    fail(tokensKey, `has ${tokenIds.length} tokens, more than the ${maxDecisionRows} allowed`);
  }
  if (tokenIds.length !== labels.length) {
    fail(labelsKey, `has ${labels.length} labels for ${tokenIds.length} tokens`);
  }
  const strange = tokenIds.find((id) => id < 0 || id >= vocabularySize);
  if (strange !== undefined) {
    fail(tokensKey, `token ${strange} is not in the vocabulary of ${vocabularySize}`);
  }
  if (new Set(tokenIds).size < tokenIds.length) fail(tokensKey, "a token occurs twice");
  if (!labels.every((label) => label === "0" || label === "1")) {
    fail(labelsKey, 'each label must be "0" or "1"');
  }
  if (new Set(labels).size < 2) fail(labelsKey, 'both "0" and "1" must occur');
  return { tokenIds, labels } as Decision;
}

/** Divides a file's tensors into those of the model, each with the right type and shape, and those of the router. */
function matchTensors(found: readonly TensorInfo[], rows: readonly ExpectedTensor[]) {
  const expected = new Map(rows.map((tensor) => [tensor.name, tensor]));
  const tensors: TensorInfo[] = [];
  const router: TensorInfo[] = [];
  for (const tensor of found) {
    const { name, type, shape, offset } = tensor;
    if (name.startsWith(routerPrefix)) {
      router.push(tensor);
      continue;
    }
    const row = expected.get(name);
    if (row === undefined) fail(name, "no tensor of this name belongs to the model", offset);
    if (shape.join() !== row.shape.join()) {
      fail(name, `has shape [${shape}], expected [${row.shape}] (row length first)`, offset);
    }
    if (!row.types.includes(type)) {
      fail(name, `is ${type}, expected ${row.types.join(", ")}`, offset);
    }
    expected.delete(name);
    tensors.push(tensor);
  }
  for (const { name, required } of expected.values()) {
    if (required) fail(name, "this tensor is missing");
  }
  return { tensors, router };
}

function typeShares(tensors: readonly TensorInfo[]): TypeShare[] {
  const shares = new Map<TensorTypeName, TypeShare>();
  for (const { type, byteLength } of tensors) {
    const share = shares.get(type) ?? { type, tensors: 0, bytes: 0 };
    shares.set(type, { type, tensors: share.tensors + 1, bytes: share.bytes + byteLength });
  }
  return [...shares.values()].sort((a, b) => b.bytes - a.bytes);
}
