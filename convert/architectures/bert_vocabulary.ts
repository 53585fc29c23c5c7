// A WordPiece tokenizer.json as the tokenizer.ggml.* entries that llama.cpp reads, and what the model must agree with.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { rerankTemplateKey } from "../../gguf/architecture.ts";
import type { Metadata, MetadataValue } from "../../gguf/format.ts";
import { type JsonNode, parseDefinition } from "../../native/tokenizer/definition.ts";
import type { Frame } from "../../native/tokenizer/finish.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { fillUp, readTokens, type Token, tokenType } from "../write/tokens.ts";

export interface BertVocabulary {
  readonly metadata: Metadata;
  readonly lowercase: boolean;
  readonly notes: readonly string[];
}

/** What llama.cpp writes before a token that begins a word. */
const wordMark = "\u2581";

/** `rows`: of the embedding; ids without a token are filled up to it. `ranks`: whether the model classifies pairs. */
export function bertVocabulary(json: string, rows: number, ranks: boolean): BertVocabulary {
  const root = parseDefinition(json);
  const model = root.get("model");
  if (model.type !== "WordPiece") {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `the model is a BERT and its tokenizer.json a ${quote(model.type)}; only WordPiece is supported ` +
        "(multilingual-e5-small is such a model: BERT's layers with XLM-R's vocabulary)",
    );
  }
  const { vocabularySize, frame } = readTokenizer(json);
  if (vocabularySize > rows) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      `tokenizer.json has token ids up to ${vocabularySize - 1}, but the checkpoint's embedding has ${rows} rows: ` +
        "it is another model's tokenizer",
    );
  }
  const list = readTokens(root, () => tokenType.normal);
  const notes: string[] = [];
  const prefix = model.get("continuing_subword_prefix");
  const texts = inGgml(fillUp(list, rows, notes), prefix.absent ? "##" : prefix.text());
  const ids = specialIds(list.ids, frame, model.get("unk_token").value);
  const normalizer = normalizerOf(root);
  const text = (id: number) => texts[id]!.text;
  const metadata = new Map<string, MetadataValue>([
    ["tokenizer.ggml.model", { type: "string", value: "bert" }],
    ["tokenizer.ggml.tokens", strings(texts.map((token) => token.text))],
    [
      "tokenizer.ggml.token_type",
      { type: "array", of: "i32", value: texts.map(({ type }) => type) },
    ],
    ...Object.entries(ids).flatMap(([name, value]): [string, MetadataValue][] =>
      value === undefined ? [] : [[`tokenizer.ggml.${name}_token_id`, { type: "u32", value }]],
    ),
    ["tokenizer.ggml.normalizer.lowercase", { type: "bool", value: normalizer.lowercase }],
    ["tokenizer.ggml.normalizer.strip_accents", { type: "bool", value: normalizer.stripAccents }],
  ]);
  if (ranks) {
    const separator = text(ids.seperator);
    const value = `${text(ids.cls)}{query}${separator}{document}${separator}`;
    metadata.set(rerankTemplateKey, { type: "string", value });
  }
  return { metadata, lowercase: normalizer.lowercase, notes };
}

const strings = (value: string[]): MetadataValue => ({ type: "array", of: "string", value });

/** llama.cpp marks where words begin, not where they go on, and wants every text once. */
function inGgml(tokens: readonly Token[], prefix: string): Token[] {
  const taken = new Set<string>();
  return tokens.map(({ text, type }) => {
    let marked = text;
    if (type === tokenType.normal) {
      marked = text.startsWith(prefix) ? text.slice(prefix.length) : wordMark + text;
    }
    while (taken.has(marked)) marked += "_";
    taken.add(marked);
    return { text: marked, type };
  });
}

/** The fourth is llama.cpp's own spelling. */
function specialIds(ids: ReadonlyMap<string, number>, { before, after }: Frame, unknown: unknown) {
  const [cls, sep] = [before[0], after[0]];
  if (cls === undefined || sep === undefined || before.length + after.length !== 2) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      "tokenizer.json does not put one token before a text and one behind it, as BERTs expect",
    );
  }
  return {
    ...{ bos: cls, eos: sep, cls, seperator: sep },
    unknown: ids.get(typeof unknown === "string" ? unknown : "[UNK]"),
    padding: ids.get("[PAD]"),
    mask: ids.get("[MASK]"),
  };
}

/** Where accents are not spoken of, they go with the capitals. */
function normalizerOf(root: JsonNode): { lowercase: boolean; stripAccents: boolean } {
  const normalizer = root.get("normalizer");
  if (normalizer.absent || normalizer.type !== "BertNormalizer") {
    return { lowercase: false, stripAccents: false };
  }
  const lowercase = normalizer.get("lowercase").flag(true);
  return { lowercase, stripAccents: normalizer.get("strip_accents").flag(lowercase) };
}
