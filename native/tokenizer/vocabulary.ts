// The vocabulary of a tokenizer.json's model, read and checked.
import { quote } from "../../base/quote.ts";
import { type JsonNode, maxTokenId } from "./definition.ts";

export interface Vocabulary {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The same by id; there may be holes. */
  readonly tokens: readonly (string | undefined)[];
}

export function readVocabulary(part: JsonNode): Vocabulary {
  const { value } = part;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    part.refuse("must be an object of tokens and ids");
  }
  const members = value as Record<string, number>;
  const names = Object.keys(members);
  const vocabulary = new Map<string, number>();
  const tokens: string[] = new Array(names.length);
  for (const token of names) {
    const id = members[token]!;
    if (/\p{Cs}/u.test(token)) part.refuse(`has the token ${quote(token)}, half a surrogate pair`);
    if (!Number.isInteger(id) || id < 0 || id > maxTokenId) {
      part.refuse(`gives ${quote(token)} no id from 0 to ${maxTokenId}`);
    }
    if (tokens[id] !== undefined) {
      part.refuse(`gives the id ${id} to two tokens, one of them ${quote(token)}`);
    }
    tokens[id] = token;
    vocabulary.set(token, id);
  }
  return { vocabulary, tokens };
}
