// The tokens of a tokenizer.json as llama.cpp lists them: one for every row of the embedding, each text once.
import type { Metadata } from "../../gguf/format.ts";
import type { JsonNode } from "../../native/tokenizer/definition.ts";

export interface Vocabulary {
  /** The `tokenizer.ggml.*` entries; undefined when llama.cpp has nothing that corresponds. */
  readonly metadata: Metadata | undefined;
  readonly notes: readonly string[];
}

/** llama.cpp's token types. */
export const tokenType = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface Token {
  readonly text: string;
  readonly type: number;
}

export interface TokenList {
  readonly tokens: ReadonlyMap<number, Token>;
  readonly ids: ReadonlyMap<string, number>;
}

/** The tokens of the model and those added; `typeOf` says the type of a token that is neither added nor unknown. */
export function readTokens(root: JsonNode, typeOf: (text: string) => number): TokenList {
  const model = root.get("model");
  const unknown = model.get("unk_token").value;
  const tokens = new Map<number, Token>();
  const ids = new Map<string, number>();
  const add = (id: number, text: string, type: number) => {
    tokens.set(id, { text, type: text === unknown ? tokenType.unknown : type });
    ids.set(text, id);
  };
  for (const [text, id] of Object.entries(model.get("vocab").value as Record<string, number>)) {
    add(id, text, typeOf(text));
  }
  const added = root.get("added_tokens");
  for (const token of added.absent ? [] : added.list()) {
    const special = token.get("special").flag(false);
    const type = special ? tokenType.control : tokenType.userDefined;
    add(token.get("id").value as number, token.get("content").text(), type);
  }
  return { tokens, ids };
}

/** All ids in order; those without a token get a text of their own. */
export function fillUp({ tokens, ids }: TokenList, rows: number, notes: string[]): Token[] {
  const padding = rows - tokens.size;
  if (padding > 0) {
    notes.push(`${padding} rows of the embedding have no token; llama.cpp sees them as unused`);
  }
  return Array.from({ length: rows }, (_, id) => {
    const token = tokens.get(id);
    if (token) return token;
    let text = `[PAD${id}]`;
    while (ids.has(text)) text += "_";
    return { text, type: tokenType.unused };
  });
}
