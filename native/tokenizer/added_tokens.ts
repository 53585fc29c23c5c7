// Added tokens: the strings that a tokenizer.json takes out of a text before anything else looks at it.
import { quote } from "../../base/quote.ts";
import type { BpeModel } from "./byte_pairs.ts";
import type { JsonNode } from "./definition.ts";
import type { Normalizer } from "./normalizer.ts";
import { whiteSpace, word } from "./unicode.ts";

/** A token found, or text between two; `atStart`: the text begins where the input begins. */
export type Segment =
  | { readonly id: number }
  | { readonly text: string; readonly atStart: boolean };

export interface AddedToken {
  readonly id: number;
  /** Normalized where the token is looked for in normalized text. */
  readonly content: string;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

/** Matching looks this far ahead from every character. Real ones have up to 64 characters. */
const maxTokenLength = 256;

const endsWithWord = new RegExp(`[${word}]$`, "u");
const startsWithWord = new RegExp(`^[${word}]`, "u");
const space = new RegExp(`[${whiteSpace}]`, "u");

export interface AddedTokens {
  /** Their contents are what decoding gives. */
  readonly tokens: readonly AddedToken[];
  /** Cuts a text at the tokens, and normalizes the text between them. */
  split(text: string): Segment[];
}

export function addedTokens(
  part: JsonNode,
  model: Pick<BpeModel, "vocabulary" | "tokens">,
  { normalize }: Normalizer,
): AddedTokens {
  const tokens = readTokens(part, model).map((token) =>
    token.normalized ? { ...token, content: normalize(token.content) } : token,
  );
  const raw = new Matcher();
  const normalized = new Matcher();
  for (const token of tokens) {
    const fresh = (token.normalized ? normalized : raw).add(token);
    // Which of the two is found there changes from one load to the next.
    if (!fresh) part.refuse(`has two tokens that normalize to ${quote(token.content)}`);
  }
  return {
    tokens,
    split(text) {
      return raw.split(text, true).flatMap((segment) => {
        if ("id" in segment) return [segment];
        return normalized.split(normalize(segment.text), segment.atStart);
      });
    },
  };
}

/** Ids follow from the vocabulary, as in Hugging Face's loader; the file's own must agree with them. */
function readTokens(
  part: JsonNode,
  { vocabulary, tokens: taken }: Pick<BpeModel, "vocabulary" | "tokens">,
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

interface Node {
  readonly next: Map<number, Node>;
  token: AddedToken | undefined;
}

/** Finds the leftmost, and of those the longest, of its tokens. */
class Matcher {
  private readonly root: Node = { next: new Map(), token: undefined };

  /** False when another token has the same content. */
  add(token: AddedToken): boolean {
    const { content } = token;
    if (content === "") return true; // nothing is left of it after normalization, and it is never found
    let node = this.root;
    for (let index = 0; index < content.length; index++) {
      const unit = content.charCodeAt(index);
      let child = node.next.get(unit);
      if (!child) {
        child = { next: new Map(), token: undefined };
        node.next.set(unit, child);
      }
      node = child;
    }
    if (node.token) return false;
    node.token = token;
    return true;
  }

  split(text: string, atStart: boolean): Segment[] {
    const segments: Segment[] = [];
    const between = (start: number, end: number) => {
      if (start < end) {
        segments.push({ text: text.slice(start, end), atStart: atStart && start === 0 });
      }
    };
    const spacesAfter = spaceRuns(text);
    let done = 0;
    for (let index = 0; index < text.length; ) {
      const found = this.match(text, index);
      if (!found) {
        index++;
        continue;
      }
      const { token, end } = found;
      const alone = !token.singleWord || standsAlone(text, index, end);
      if (alone) {
        between(done, token.lstrip ? spacesBefore(text, done, index) : index);
        segments.push({ id: token.id });
        done = token.rstrip ? spacesAfter(end) : end;
      }
      index = end;
    }
    between(done, text.length);
    return segments;
  }

  private match(text: string, start: number): { token: AddedToken; end: number } | undefined {
    let node = this.root.next.get(text.charCodeAt(start));
    let found: { token: AddedToken; end: number } | undefined;
    for (let end = start + 1; node; end++) {
      if (node.token) found = { token: node.token, end };
      node = node.next.get(text.charCodeAt(end)); // NaN past the end: no child
    }
    return found;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  // Two units hold any one character.
  return (
    !endsWithWord.test(text.slice(Math.max(0, start - 2), start)) &&
    !startsWithWord.test(text.slice(end, end + 2))
  );
}

function spacesBefore(text: string, limit: number, end: number): number {
  let start = end;
  while (start > limit && space.test(text[start - 1]!)) start--;
  return start;
}

/** Where the spaces from a place on end; a run is walked once, however many tokens stand in it. */
function spaceRuns(text: string): (start: number) => number {
  let runStart = 0;
  let runEnd = -1;
  return (start) => {
    if (start < runStart || start > runEnd) {
      runStart = start;
      runEnd = start;
      while (runEnd < text.length && space.test(text[runEnd]!)) runEnd++;
    }
    return runEnd;
  };
}
