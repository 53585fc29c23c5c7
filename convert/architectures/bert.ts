// The family of BERT encoders: cross-encoders with a classifier, and models that pool the vectors of a text.
import { QragError } from "../../base/errors.ts";
import {
  bert as architecture,
  expectedTensors,
  type Frame,
  type Hyperparameters,
  type Output,
} from "../../gguf/architecture.ts";
import type { Config } from "../checkpoint/config_value.ts";
import type { SourceTensor } from "../checkpoint/source_tensor.ts";
import { unmapped } from "../errors.ts";
import { assignRoles, type Dropped, type Roles } from "../roles/roles.ts";
import { checkShape } from "../roles/shapes.ts";
import { type Piece, wholePiece } from "../write/pieces.ts";
import { checkBertConfig, labelNames } from "./bert_config.ts";
import { bertNames } from "./bert_names.ts";
import { type BertVocabulary, bertVocabulary } from "./bert_vocabulary.ts";
import { agreed, readConfigNumbers } from "./config_numbers.ts";
import type { Family, ModelPlan, Subject } from "./family.ts";
import { readSentences, type Sentences } from "./sentences.ts";

export const bert: Family = {
  name: "a BERT",
  options: ["pooling", "normalize", "queryPrefix", "passagePrefix", "earlyExit"],
  recognises: (config, tensors) =>
    config?.get("model_type") === "bert" ||
    [...tensors.keys()].some((name) => name.endsWith("layer.0.attention.self.query.weight")),
  plan,
};

async function plan(subject: Subject): Promise<ModelPlan> {
  const { tensors, config, companions, tokenizerJson, options } = subject;
  checkBertConfig(config);
  const roles = assignRoles(tensors, bertNames, options.map);
  const sentences = await readSentences(companions);
  const { output, frame, dropped } = purposeOf(roles, config, sentences, subject);
  const embedding = need(roles.model, "token_embd.weight");
  const [rows = 0] = embedding.shape;
  const vocabulary = bertVocabulary(tokenizerJson, rows, output.kind === "labels");
  await checkCase(vocabulary, sentences, subject);
  const numbers = await numbersOf(roles, config, output, sentences, subject);
  return {
    architecture,
    numbers,
    output,
    frame,
    tiedEmbeddings: false,
    pieces: piecesOf(roles, numbers),
    router: new Map(),
    absent: new Map(),
    dropped: [...roles.dropped, ...dropped],
    vocabulary: vocabulary.metadata,
    notes: [...sentences.notes, ...vocabulary.notes],
  };
}

/** A classifier ranks pairs, unless its vectors are asked for. */
function purposeOf(
  { model }: Roles,
  config: Config,
  sentences: Sentences,
  { options }: Subject,
): { output: Output; frame: Frame; dropped: Dropped[] } {
  const classifier = model.get("cls.output.weight");
  if (classifier && options.pooling === undefined) {
    if (!model.has("cls.weight")) {
      const pooler = bertNames.inWords("cls.weight");
      throw unmapped(`the classifier needs a pooler, and the checkpoint has no ${pooler}`);
    }
    const [count = 0] = classifier.shape;
    if (count !== 1 && count !== 2) {
      throw unmapped(`the classifier has ${count} labels; one or two are supported`);
    }
    const names = labelNames(config, count);
    return { output: { kind: "labels", names }, frame: { kind: "pair" }, dropped: [] };
  }
  const pooling = options.pooling ?? sentences.pooling;
  if (pooling === undefined) {
    throw unmapped(
      "nothing says how its vectors are pooled: there is no modules.json. Pass --pooling mean or --pooling cls",
    );
  }
  if (pooling === "last") throw unmapped("a BERT does not pool by its last token (lasttoken)");
  const dropped = [...model]
    .filter(([kind]) => kind.startsWith("cls."))
    .map(([, { name }]) => ({ name, reason: `pooling by ${pooling} does not use it` }));
  return {
    output: { kind: "vector", pooling, normalize: options.normalize ?? sentences.normalize },
    frame: {
      kind: "text",
      query: options.queryPrefix ?? sentences.query,
      passage: options.passagePrefix ?? sentences.passage,
    },
    dropped,
  };
}

/** Three files may speak of capitals; a model that heard otherwise than it was trained judges worse, and nobody sees why. */
async function checkCase(
  { lowercase }: BertVocabulary,
  sentences: Sentences,
  { companions }: Subject,
): Promise<void> {
  const config = await companions.object("tokenizer_config.json");
  const stated = config?.get("do_lower_case");
  const source =
    typeof stated === "boolean" && stated !== lowercase
      ? `tokenizer_config.json says do_lower_case: ${stated}`
      : sentences.lowercase && !lowercase
        ? "sentence_bert_config.json says do_lower_case: true"
        : undefined;
  if (source === undefined) return;
  throw new QragError(
    "TOKENIZER_UNSUPPORTED",
    `${source}, and tokenizer.json ${lowercase ? "makes" : "does not make"} texts lower case; ` +
      "change the one that is wrong",
  );
}

async function numbersOf(
  { model, blocks }: Roles,
  config: Config,
  output: Output,
  sentences: Sentences,
  { options, companions }: Subject,
): Promise<Hyperparameters> {
  const stated = readConfigNumbers(config);
  const [vocabularySize = 0, embeddingLength = 0] = need(model, "token_embd.weight").shape;
  const positions = need(model, "position_embd.weight");
  const [tokenTypeCount = 0] = need(model, "token_types.weight").shape;
  const inner = blocks[0]?.get("ffn_up.weight");
  if (!inner) throw unmapped("the checkpoint has no blocks, or the first has no feed-forward");
  const headCount = options.headCount ?? stated.numbers.get("headCount")?.value;
  if (headCount === undefined) {
    throw unmapped("the configuration does not say how many heads attention has; pass --heads");
  }
  const [rows = 0] = positions.shape;
  if (options.contextLength !== undefined && options.contextLength > rows) {
    throw unmapped(
      `a context of ${options.contextLength} tokens is asked for, and there are ${rows} positions`,
    );
  }
  const tokenizer = (await companions.object("tokenizer_config.json"))?.get("model_max_length");
  const limits = [rows, sentences.maxTokens ?? tokenizer].filter(
    (limit): limit is number => typeof limit === "number" && limit >= 1,
  );
  return {
    contextLength: options.contextLength ?? Math.min(...limits),
    embeddingLength: agreed(stated, "embeddingLength", embeddingLength),
    blockCount: agreed(stated, "blockCount", blocks.length),
    feedForwardLength: agreed(stated, "feedForwardLength", inner.shape[0] ?? 0),
    headCount: agreed(stated, "headCount", headCount),
    headCountKv: headCount,
    keyLength: embeddingLength / headCount,
    vocabularySize,
    tokenTypeCount,
    outputCount: output.kind === "labels" ? output.names.length : 0,
    normEpsilon: options.normEps ?? stated.numbers.get("normEpsilon")?.value ?? 1e-12,
  };
}

function need(roles: ReadonlyMap<string, SourceTensor>, kind: string): SourceTensor {
  const tensor = roles.get(kind);
  if (tensor) return tensor;
  throw unmapped(
    `the checkpoint has no ${bertNames.inWords(kind)}; if it has another name, pass --map`,
  );
}

function piecesOf({ model, blocks }: Roles, numbers: Hyperparameters): ReadonlyMap<string, Piece> {
  const pieces = new Map<string, Piece>();
  for (const { name, shape } of expectedTensors(architecture, { numbers, tiedEmbeddings: false })) {
    const [, number, kind = name] = /^blk\.(\d+)\.(.*)$/.exec(name) ?? [];
    const roles = number === undefined ? model : blocks[Number(number)]!;
    const tensor = need(roles, kind);
    const [rowLength = 0, rows = 1] = shape;
    // Of a longer table of positions only those that the context has go along.
    const longest = kind === "position_embd.weight" ? Math.max(rows, tensor.shape[0] ?? 0) : rows;
    checkShape(tensor, shape.length === 1 ? [rowLength] : [longest, rowLength]);
    pieces.set(name, wholePiece(tensor, rows, rowLength));
  }
  return pieces;
}
