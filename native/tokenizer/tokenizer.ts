// The tokenizer of a model: text to token ids, exactly as Hugging Face's tokenizers does with the same tokenizer.json.
import { type AddedTokens, addedTokens } from "./added_tokens.ts";
import { type BpeModel, readBpe } from "./byte_pairs.ts";
import { type Cut, readCuts } from "./cuts.ts";
import { parseDefinition } from "./definition.ts";
import { type Decoder, decoder, type Frame, postProcessor } from "./finish.ts";
import { type Normalizer, normalizer } from "./normalizer.ts";
import { pieceEncoder } from "./pieces.ts";
import { preTokenizer } from "./split.ts";

export interface Tokenizer {
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

/** A tokenizer.json, read and checked. */
export interface TokenizerParts {
  readonly model: BpeModel;
  readonly normalizer: Normalizer;
  readonly cuts: readonly Cut[];
  readonly added: AddedTokens;
  readonly frame: Frame;
  readonly decode: Decoder;
  readonly vocabularySize: number;
}

/** Reads a tokenizer.json, or throws TOKENIZER_UNSUPPORTED with the part that cannot be reproduced exactly. */
export function readTokenizer(json: string): TokenizerParts {
  const definition = parseDefinition(json);
  const model = readBpe(definition.get("model"));
  const normalizing = normalizer(definition.get("normalizer"));
  const cuts = readCuts(definition.get("pre_tokenizer"), definition.get("normalizer").absent);
  const added = addedTokens(definition.get("added_tokens"), model, normalizing);
  const maxAdded = added.tokens.reduce((most, { id }) => Math.max(most, id), -1);
  const known = (id: number) =>
    model.tokens[id] !== undefined || added.tokens.some((token) => token.id === id);
  return {
    model,
    normalizer: normalizing,
    cuts,
    added,
    frame: postProcessor(definition.get("post_processor"), known),
    decode: decoder(definition.get("decoder")),
    vocabularySize: Math.max(model.tokens.length, maxAdded + 1),
  };
}

/** The tokenizer in TypeScript. */
export function loadTokenizer(json: string): Tokenizer {
  return typescriptTokenizer(readTokenizer(json));
}

export function typescriptTokenizer(parts: TokenizerParts): Tokenizer {
  const { model, added, frame, decode, vocabularySize } = parts;
  const cut = preTokenizer(parts.cuts);
  const encodePiece = pieceEncoder(model);
  const contents = [...model.tokens];
  for (const { id, content } of added.tokens) contents[id] = content;
  return {
    vocabularySize,
    encode(text) {
      const ids = [...frame.before];
      for (const segment of added.split(text.replace(/\p{Cs}/gu, "\ufffd"))) {
        if ("id" in segment) {
          ids.push(segment.id);
          continue;
        }
        for (const piece of cut(segment.text, segment.atStart)) encodePiece(piece, ids);
      }
      ids.push(...frame.after);
      return Int32Array.from(ids);
    },
    decodeToken(id) {
      const token = contents[id];
      return token === undefined ? "" : decode(token);
    },
  };
}
