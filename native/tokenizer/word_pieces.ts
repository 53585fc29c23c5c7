// WordPiece: the model of BERT's tokenizer.json, read and checked.
import { describe, type JsonNode } from "./definition.ts";
import { readVocabulary, type Vocabulary } from "./vocabulary.ts";

/** The member "model", read and checked. */
export interface WordPieceModel extends Vocabulary {
  readonly type: "WordPiece";
  /** The id of the token for a word that cannot be spelled. */
  readonly unknown: number;
  /** Before all tokens of a word but its first. */
  readonly prefix: string;
  /** A longer word is the unknown token. */
  readonly maxWord: number;
}

/** A word of n characters may cost n * n steps. Real files have 100. */
const maxMaxWord = 1024;

export function readWordPiece(part: JsonNode): WordPieceModel {
  const vocabulary = readVocabulary(part.get("vocab"));
  const token = part.get("unk_token");
  const unknown = vocabulary.vocabulary.get(token.text());
  if (unknown === undefined) {
    token.refuse(`is ${describe(token.value)}, which is not in model.vocab. Add it there`);
  }
  return {
    ...vocabulary,
    type: "WordPiece",
    unknown: unknown as number,
    prefix: part.get("continuing_subword_prefix").insertion(),
    maxWord: part.get("max_input_chars_per_word").integer(maxMaxWord),
  };
}
