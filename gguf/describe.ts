// Describes the model in a file: checks keys and tensors against its architecture; whatever is missing, extra or wrong is named.

import { quote } from "../base/quote.ts";
import {
  type Architecture,
  type ExpectedTensor,
  expectedTensors,
  type Hyperparameters,
  type KeyRow,
  type KeyValues,
  type ModelMetadata,
  type NumberRow,
  type Output,
  refuse,
} from "./architectures/architecture.ts";
import { engineArchitectures } from "./architectures/registry.ts";
import { exitKeys, readExit } from "./early_exit.ts";
import {
  GgufError,
  type GgufFile,
  type Metadata,
  type Scalar,
  type TensorInfo,
  type TensorTypeName,
} from "./format.ts";
import { checkScripts } from "./scripts.ts";
import { opinionKeys, readOpinion } from "./second_opinion.ts";

/** What llama.cpp and node-llama-cpp build a prompt to rank with from. */
export const rerankTemplateKey = "tokenizer.chat_template.rerank";

/** Tensors of a routed decision head are kept in the file and not read. */
export const routerPrefix = "router.";

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

/** The keys of every file, whatever its architecture. */
const commonKeys: readonly KeyRow[] = [
  { key: "general.architecture", type: "string", required: true },
  { key: "general.name", type: "string", required: false },
  { key: "general.languages", type: "string[]", required: false },
  { key: "qrag.scripts", type: "string[]", required: false },
  ...opinionKeys,
  ...exitKeys,
  { key: "qrag.conversion.report", type: "string", required: false },
  { key: rerankTemplateKey, type: "string", required: false },
  { key: "tokenizer.huggingface.json", type: "string", required: true },
];

/** Every key that files of an architecture may have. */
export function keyTable({ numbers, keys }: Architecture): KeyRow[] {
  const numberKeys = numbers.flatMap(({ key, kind, otherwise }): KeyRow[] => {
    if (key === undefined) return [];
    return [{ key, type: kind === "size" ? "u32" : "f32", required: otherwise === undefined }];
  });
  return [...commonKeys, ...numberKeys, ...keys];
}

/** The model in a file; throws naming the first key or tensor that is missing, extra or wrong. */
export function describeModel(
  file: GgufFile,
  known: readonly Architecture[] = engineArchitectures,
): ModelDescription {
  const architecture = architectureOf(file.metadata, known);
  const found = file.tensors.map((tensor) => ({
    ...tensor,
    name: architecture.earlierNames?.get(tensor.name) ?? tensor.name,
  }));
  const embedding = found.find(({ name }) => name === "token_embd.weight");
  const vocabularySize = embedding?.shape[1];
  if (vocabularySize === undefined) {
    const problem = embedding ? "must have two dimensions" : "this tensor is missing";
    refuse("token_embd.weight", problem);
  }
  const metadata = describeMetadata(architecture, file.metadata, vocabularySize);
  const { tensors, router } = matchTensors(found, expectedTensors(architecture, metadata));
  return { ...metadata, tensors, router, fileTypes: typeShares(found) };
}

/** What the metadata says, checked key by key. */
export function describeMetadata(
  architecture: Architecture,
  metadata: Metadata,
  vocabularySize: number,
): ModelMetadata {
  const values = readKeys(architecture, metadata);
  const described = architecture.describe(values, vocabularySize);
  const outputCount = countOf(described.output);
  const scripts = values.get("qrag.scripts") as readonly string[] | undefined;
  if (scripts) checkScripts("qrag.scripts", scripts);
  const numbers = describeNumbers(architecture, values, { vocabularySize, outputCount });
  const secondOpinion = readOpinion(values, described.output);
  return {
    architecture: architecture.name,
    numbers,
    name: values.get("general.name") as string | undefined,
    ...described,
    scripts,
    languages: values.get("general.languages") as readonly string[] | undefined,
    secondOpinion,
    earlyExit: readExit(values, described.output, numbers, secondOpinion),
    tokenizerJson: values.get("tokenizer.huggingface.json") as string,
    conversionReport: values.get("qrag.conversion.report") as string | undefined,
  };
}

/** Numbers that one model gives for each sequence it scores. */
function countOf(output: Output): number {
  switch (output.kind) {
    case "decision":
      return output.tokenIds.length;
    case "labels":
      return output.names.length;
    case "vector":
      return 0;
  }
}

function architectureOf(metadata: Metadata, known: readonly Architecture[]): Architecture {
  const key = "general.architecture";
  const entry = metadata.get(key);
  if (entry === undefined) refuse(key, "this key is missing");
  if (entry.type !== "string")
    refuse(key, `must be of type string and is of type ${typeOf(entry)}`);
  const found = known.find(({ name }) => name === entry.value);
  if (found) return found;
  const names = known
    .map(({ name }) => name)
    .join(", ")
    .replace(/, (?=[^,]*$)/, " or ");
  throw new GgufError(
    "unsupported",
    `the model is of architecture ${quote(entry.value)}, not ${names}; ` +
      "make such a file from its checkpoint with `qrag convert`",
    { key },
  );
}

function typeOf(entry: Metadata extends ReadonlyMap<string, infer V> ? V : never): string {
  return entry.type === "array" ? `${entry.of}[]` : entry.type;
}

/** The values of the architecture's keys; each has the type its row asks for. */
function readKeys(architecture: Architecture, metadata: Metadata): KeyValues {
  const values = new Map<string, Scalar | readonly Scalar[]>();
  for (const { key, type, required } of keyTable(architecture)) {
    const entry = metadata.get(key);
    if (entry === undefined) {
      if (required) refuse(key, "this key is missing");
      continue;
    }
    const found = typeOf(entry);
    if (found !== type) refuse(key, `must be of type ${type} and is of type ${found}`);
    values.set(key, entry.value);
  }
  // Another key of these may change what the weights mean.
  const own = [`${architecture.name}.`, "qrag."];
  for (const key of metadata.keys()) {
    if (own.some((prefix) => key.startsWith(prefix)) && !values.has(key)) {
      const problem = "this key is unknown; a newer qrag may read the file";
      throw new GgufError("unsupported", problem, { key });
    }
  }
  return values;
}

function describeNumbers(
  architecture: Architecture,
  values: KeyValues,
  counted: Pick<Hyperparameters, "vocabularySize" | "outputCount">,
): Hyperparameters {
  const numbers = { ...counted } as { -readonly [N in keyof Hyperparameters]: Hyperparameters[N] };
  for (const row of architecture.numbers) {
    const { number, key, otherwise } = row;
    const stated = key === undefined ? undefined : (values.get(key) as number | undefined);
    const value = stated ?? otherwise?.(numbers) ?? numbers[number];
    checkRange(row, value);
    numbers[number] = value!;
  }
  const all = { ...numbers, ...architecture.derive?.(numbers) };
  architecture.check(all);
  return all;
}

/** Throws naming the first number that no file may hold. */
export function checkNumbers(architecture: Architecture, numbers: Hyperparameters): void {
  for (const row of architecture.numbers) checkRange(row, numbers[row.number]);
  architecture.check(numbers);
}

function checkRange({ number, key, kind, max, only }: NumberRow, value: number | undefined): void {
  if (only === "labels" && value === 0) return;
  if (number === "vocabularySize" && value! > max) {
    refuse("token_embd.weight", `has ${value} rows, more than the ${max} allowed`);
  }
  const holds = kind === "size" ? value! >= 1 && value! <= max : value! > 0 && value! < max;
  const range = kind === "size" ? `from 1 to ${max}` : `above 0 and below ${max}`;
  if (!holds) refuse(key ?? number, `is ${value}, expected ${range}`);
}

/** Divides a file's tensors into those of the model, each with the right type and shape, and those of the router. */
function matchTensors(found: readonly TensorInfo[], rows: readonly ExpectedTensor[]) {
  const expected = new Map(rows.map((tensor) => [tensor.name, tensor]));
  const tensors: TensorInfo[] = [];
  const router: TensorInfo[] = [];
  for (const tensor of found) {
    const { name, type, shape, offset } = tensor;
    const fail = (problem: string): never => {
      throw new GgufError("invalid", problem, { key: name, offset });
    };
    if (name.startsWith(routerPrefix)) {
      router.push(tensor);
      continue;
    }
    const row = expected.get(name) ?? fail("no tensor of this name belongs to the model");
    if (shape.join() !== row.shape.join()) {
      fail(`has shape [${shape}], expected [${row.shape}] (row length first)`);
    }
    if (!row.types.includes(type)) fail(`is ${type}, expected ${row.types.join(", ")}`);
    expected.delete(name);
    tensors.push(tensor);
  }
  for (const { name, required } of expected.values()) {
    if (required) refuse(name, "this tensor is missing");
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
