// Added tokens: the strings that a tokenizer.json takes out of a text before anything else looks at it.
import { quote } from "../../base/quote.ts";
import type { JsonNode } from "./definition.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** It is looked for in normalized text, and its content is normalized for that. */
  readonly normalized: boolean;
}

/** Matching looks this far ahead from every character. Real ones have up to 64 characters. */
const maxTokenLength = 256;

/** Ids follow from the vocabulary, as in Hugging Face's loader; the file's own must agree with them. */
export function readAddedTokens(
  part: JsonNode,
  { vocabulary, tokens: taken }: Vocabulary,
): AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  let next = vocabulary.size;
  for (const entry of part.absent ? [] : part.list()) {
    const content = entry.get("content").text();
    if (content === "") continue; // ignored there too
    if (content.length > maxTokenLength) {
      entry.get("content").refuse(`is longer than ${maxTokenLength} characters`);
    }
    const flag = (name: string) => entry.get(name).flag(false);
    if (tokens.has(content)) entry.refuse(`is a second added token ${quote(content)}`);
    const known = vocabulary.get(content);
    const id = known ?? next++;
    if (entry.get("id").value !== id) {
      const reason = "Hugging Face's tokenizers numbers it so, whatever the file says";
      entry.get("id").refuse(`should be ${id} for ${quote(content)}: ${reason}`);
    }
    if (known === undefined && taken[id] !== undefined) {
      entry.get("id").refuse(`is ${id}, which the vocabulary gives to another token`);
    }
    tokens.set(content, {
      id,
      content,
      singleWord: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: flag("normalized"),
    });
  }
  return [...tokens.values()];
}
