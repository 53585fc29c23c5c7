// A decoder's tokenizer.json as the tokenizer.ggml.* entries that llama.cpp reads: tokens, merges or scores, specials.

import { quote } from "../../base/quote.ts";
import { rerankTemplateKey } from "../../gguf/architecture.ts";
import type { MetadataValue } from "../../gguf/format.ts";
import { type Prompt, rerankTemplate } from "../../gguf/prompt.ts";
import { type JsonNode, parseDefinition } from "../../native/tokenizer/definition.ts";
import type { Frame } from "../../native/tokenizer/finish.ts";
import { readTokenizer, type TokenizerParts } from "../../native/tokenizer/tokenizer.ts";
import {
  fillUp,
  readTokens,
  type Token,
  type TokenList,
  tokenType,
  type Vocabulary,
} from "../write/tokens.ts";
import { preTokenizerName } from "./pre_tokenizer.ts";

/** What SentencePiece writes for a space. */
const spaceMark = "\u2581";

const bosNames = ["<s>", "<bos>", "<|bos|>", "[BOS]", "<|begin_of_text|>", "<|startoftext|>"];
const eosNames = [
  "</s>",
  "<eos>",
  "<|eos|>",
  "[EOS]",
  "<|end_of_text|>",
  "<|endoftext|>",
  "<|im_end|>",
];
const unknownNames = ["<unk>", "[UNK]", "<|unk|>"];
const paddingNames = ["<pad>", "[PAD]", "<|pad|>", "<|padding|>"];

interface Definition extends TokenList {
  readonly model: JsonNode;
  readonly merges: readonly (readonly [string, string])[];
}

/** `rows`: of the embedding; ids without a token are filled up to it. */
export function decoderVocabulary(json: string, rows: number, prompt: Prompt): Vocabulary {
  const root = parseDefinition(json);
  const definition = readDefinition(root);
  const notes: string[] = [];
  const kind = tokenizerKind(root, definition, notes);
  if (!kind) return { metadata: undefined, notes };
  const tokens = fillUp(definition, rows, notes);
  const parts = readTokenizer(json);
  const { frame } = parts;
  const entries: [string, MetadataValue][] = [
    ["model", { type: "string", value: kind.model }],
    ["pre", { type: "string", value: kind.pre }],
    ["tokens", { type: "array", of: "string", value: tokens.map(({ text }) => text) }],
    ["token_type", { type: "array", of: "i32", value: tokens.map(({ type }) => type) }],
    kind.model === "gpt2" ? mergeEntry(definition) : scoreEntry(definition, tokens),
    ...specialEntries(definition, frame, notes),
  ];
  if (kind.model === "llama") {
    entries.push(["add_space_prefix", { type: "bool", value: prefixesSpace(parts) }]);
  }
  const metadata = new Map(entries.map(([key, value]) => [`tokenizer.ggml.${key}`, value]));
  const template = framedTemplate(prompt, frame, tokens);
  if (template !== undefined) metadata.set(rerankTemplateKey, { type: "string", value: template });
  else notes.push("the prompt's own text holds {query} or {document}; llama.cpp cannot rank by it");
  return { metadata, notes };
}

/** The tokens around every text are spelled out: llama-server adds none to a prompt, and looks for theirs in it. */
function framedTemplate(prompt: Prompt, { before, after }: Frame, tokens: readonly Token[]) {
  const template = rerankTemplate(prompt);
  if (template === undefined) return undefined;
  const spelled = (ids: readonly number[]) => ids.map((id) => tokens[id]!.text).join("");
  return spelled(before) + template + spelled(after);
}

function readDefinition(root: JsonNode): Definition {
  const model = root.get("model");
  const bytes = byteFallback(model);
  const typeOf = (text: string) => (bytes && isByteToken(text) ? tokenType.byte : tokenType.normal);
  return { model, ...readTokens(root, typeOf), merges: readMerges(model) };
}

/** Older files write "a b", newer ones ["a", "b"]. */
function readMerges(model: JsonNode): (readonly [string, string])[] {
  const merges = model.get("merges");
  return (merges.absent ? [] : merges.list()).map((merge) => {
    const pair = typeof merge.value === "string" ? merge.value.split(" ") : merge.value;
    return pair as [string, string];
  });
}

function tokenizerKind(
  root: JsonNode,
  { model, tokens }: Definition,
  notes: string[],
): { model: "gpt2" | "llama"; pre: string } | undefined {
  const pre = preTokenizerName(root.get("pre_tokenizer"), model.get("ignore_merges").flag(false));
  if (pre) {
    if (pre === "default")
      notes.push(
        "llama.cpp does not know how this tokenizer splits text; its own default is named",
      );
    const normalizer = root.get("normalizer");
    if (!normalizer.absent) {
      notes.push(
        `llama.cpp does not normalize text; the tokenizer does (${quote(normalizer.type)})`,
      );
    }
    return { model: "gpt2", pre };
  }
  // Without a token for every byte llama.cpp ends the process on the first unknown character.
  const bytes = [...tokens.values()].filter(({ type }) => type === tokenType.byte).length;
  const spaced = [...tokens.values()].some(({ text }) => text.startsWith(spaceMark));
  if (spaced && bytes === 256) return { model: "llama", pre: "default" };
  notes.push("llama.cpp has no tokenizer of this kind; the tokenizer.ggml entries are left out");
  return undefined;
}

function byteFallback(model: JsonNode): boolean {
  return model.get("byte_fallback").flag(false);
}

function isByteToken(text: string): boolean {
  return text.length === 6 && text.startsWith("<0x") && text.endsWith(">");
}

function mergeEntry({ merges }: Definition): [string, MetadataValue] {
  const value = merges.map(([left, right]) => `${left} ${right}`);
  return ["merges", { type: "array", of: "string", value }];
}

/** llama.cpp merges by the score of the result; the rank of the merge is its score. */
function scoreEntry({ merges }: Definition, tokens: readonly Token[]): [string, MetadataValue] {
  const ranks = new Map<string, number>();
  for (const [rank, [left, right]] of merges.entries()) {
    if (!ranks.has(left + right)) ranks.set(left + right, rank);
  }
  const value = tokens.map(({ text }) => 0 - (ranks.get(text) ?? merges.length));
  return ["scores", { type: "array", of: "f32", value }];
}

function specialEntries(
  { model, ids }: Definition,
  frame: Frame,
  notes: string[],
): [string, MetadataValue][] {
  if (frame.before.length > 1 || frame.after.length > 1) {
    notes.push(
      "llama.cpp adds at most one token before and one behind a text; this tokenizer adds more",
    );
  }
  const named = (names: readonly string[]) =>
    names.map((name) => ids.get(name)).find((id) => id !== undefined);
  const unknown = model.get("unk_token").value;
  const found: [string, number | undefined][] = [
    ["bos", frame.before[0] ?? named(bosNames)],
    ["eos", frame.after[0] ?? named(eosNames)],
    ["unknown", typeof unknown === "string" ? ids.get(unknown) : named(unknownNames)],
    ["padding", named(paddingNames)],
  ];
  return [
    ...found
      .filter((entry): entry is [string, number] => entry[1] !== undefined)
      .map(([name, value]): [string, MetadataValue] => [
        `${name}_token_id`,
        { type: "u32", value },
      ]),
    ["add_bos_token", { type: "bool", value: frame.before.length > 0 }],
    ["add_eos_token", { type: "bool", value: frame.after.length > 0 }],
  ];
}

/** Whether a text's first word is marked as if a space stood before it. */
function prefixesSpace({ normalizer, cuts }: TokenizerParts): boolean {
  return (
    normalizer.some((step) => step.kind === "Prepend" && step.content.startsWith(spaceMark)) ||
    cuts.some((cut) => cut.kind === "metaspace" && cut.prepend !== "never")
  );
}
