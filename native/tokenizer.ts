// The tokenizer of a model: text to token ids, exactly as Hugging Face's tokenizers does with the same tokenizer.json.
import { addedTokens } from "./tokenizer_added.ts";
import { bpeModel } from "./tokenizer_bpe.ts";
import { parseDefinition } from "./tokenizer_definition.ts";
import { decoder, postProcessor } from "./tokenizer_finish.ts";
import { normalizer } from "./tokenizer_normalize.ts";
import { preTokenizer } from "./tokenizer_split.ts";

export interface Tokenizer {
  /** Which implementation this is. */
  readonly name: string;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /**
   * The ids of a text, with special tokens and post-processing. Half a surrogate pair counts as U+FFFD. The sections
   * "truncation" and "padding" of the file are not applied: a prompt that was cut or filled up has lost its last token,
   * the one that is scored.
   */
  encode(text: string): Int32Array;
  /** What the file's decoder makes of this one token, special or not; "" for an id that no token has. */
  decodeToken(id: number): string;
}

/** Reads a tokenizer.json, or throws TOKENIZER_UNSUPPORTED with the part that cannot be reproduced exactly. */
export function loadTokenizer(json: string): Tokenizer {
  const definition = parseDefinition(json);
  const model = bpeModel(definition.get("model"));
  const normalize = normalizer(definition.get("normalizer"));
  const cut = preTokenizer(definition.get("pre_tokenizer"), definition.get("normalizer").absent);
  const added = addedTokens(definition.get("added_tokens"), model.vocabulary, normalize);
  const contents = new Map(Array.from(model.vocabulary, ([token, id]) => [id, token]));
  for (const [id, content] of added.contents) contents.set(id, content);
  const frame = postProcessor(definition.get("post_processor"), (id) => contents.has(id));
  const decode = decoder(definition.get("decoder"));
  let largest = -1;
  for (const id of contents.keys()) largest = Math.max(largest, id);
  return {
    name: "typescript",
    vocabularySize: largest + 1,
    encode(text) {
      const ids = [...frame.before];
      for (const segment of added.split(text.replace(/\p{Cs}/gu, "\ufffd"))) {
        if ("id" in segment) {
          ids.push(segment.id);
          continue;
        }
        for (const piece of cut(segment.text, segment.atStart)) model.encode(piece, ids);
      }
      ids.push(...frame.after);
      return Int32Array.from(ids);
    },
    decodeToken(id) {
      const token = contents.get(id);
      return token === undefined ? "" : decode(token);
    },
  };
}
