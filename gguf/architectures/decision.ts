// What makes a decoder a gate: which tokens answer, and to which prompt. The architectures qrag and llama share it.
import { checkPrompt } from "../prompt.ts";
import {
  type Decision,
  type Entry,
  type KeyRow,
  type KeyValues,
  type ModelMetadata,
  refuse,
} from "./architecture.ts";

/** A vocabulary holds a handful of tokens that strip to one digit. */
export const maxDecisionRows = 1024;

const keys = {
  tokenIds: "qrag.decision.token_ids",
  labels: "qrag.decision.labels",
  tied: "qrag.tied_embeddings",
  system: "qrag.prompt.system",
  template: "qrag.prompt.template",
} as const;

export const decisionKeys: readonly KeyRow[] = [
  { key: keys.tokenIds, type: "i32[]", required: true },
  { key: keys.labels, type: "string[]", required: true },
  { key: keys.tied, type: "bool", required: true },
  { key: keys.system, type: "string", required: true },
  { key: keys.template, type: "string", required: true },
];

export function describeDecision(
  values: KeyValues,
  vocabularySize: number,
): Pick<ModelMetadata, "output" | "frame" | "tiedEmbeddings"> {
  const text = (key: string) => values.get(key) as string;
  const prompt = { system: text(keys.system), template: text(keys.template) };
  checkPrompt(prompt);
  return {
    output: decisionOf(values, vocabularySize),
    frame: { kind: "prompt", ...prompt },
    tiedEmbeddings: values.get(keys.tied) as boolean,
  };
}

function decisionOf(values: KeyValues, vocabularySize: number): Decision {
  const tokenIds = values.get(keys.tokenIds) as readonly number[];
  const labels = values.get(keys.labels) as readonly string[];
  if (tokenIds.length > maxDecisionRows) {
    refuse(
      keys.tokenIds,
      `has ${tokenIds.length} tokens, more than the ${maxDecisionRows} allowed`,
    );
  }
  if (tokenIds.length !== labels.length) {
    refuse(keys.labels, `has ${labels.length} labels for ${tokenIds.length} tokens`);
  }
  const strange = tokenIds.find((id) => id < 0 || id >= vocabularySize);
  if (strange !== undefined) {
    refuse(keys.tokenIds, `token ${strange} is not in the vocabulary of ${vocabularySize}`);
  }
  if (new Set(tokenIds).size < tokenIds.length) refuse(keys.tokenIds, "a token occurs twice");
  if (!labels.every((label): label is "0" | "1" => label === "0" || label === "1")) {
    refuse(keys.labels, 'each label must be "0" or "1"');
  }
  if (new Set(labels).size < 2) refuse(keys.labels, 'both "0" and "1" must occur');
  return { kind: "decision", tokenIds, labels };
}

export function composeDecision({ output, frame, tiedEmbeddings }: ModelMetadata): Entry[] {
  if (output.kind !== "decision" || frame.kind !== "prompt") {
    throw new TypeError("a decoder answers a prompt with a token");
  }
  return [
    [keys.tokenIds, { type: "array", of: "i32", value: output.tokenIds }],
    [keys.labels, { type: "array", of: "string", value: output.labels }],
    [keys.tied, { type: "bool", value: tiedEmbeddings }],
    [keys.system, { type: "string", value: frame.system }],
    [keys.template, { type: "string", value: frame.template }],
  ];
}
