// What both embedding protocols do with texts: embed them, write each vector as it comes, and say what it took.
import type { EmbedOptions } from "../../embed_options.ts";
import type { Embedding } from "../embedding.ts";
import type { Exchange } from "../exchange.ts";
import { computeHeaders } from "./headers.ts";

/** What a text is, under the names that clients have for it. */
export const uses = { query: "query", passage: "passage", document: "passage" } as const;

/** The vectors as pieces of JSON, so that a large answer is not written at once, and the tokens of all of them. */
export async function embeddedPieces(
  exchange: Exchange,
  embedding: Embedding,
  texts: readonly string[],
  options: EmbedOptions,
  piece: (vector: Float32Array, index: number) => string,
): Promise<{ pieces: string[]; tokens: number }> {
  const pieces: string[] = [];
  let tokens = 0;
  const { signal } = exchange;
  for await (const embedded of embedding.embed(texts, { ...options, signal })) {
    pieces.push(piece(embedded.vector, pieces.length));
    tokens += embedded.tokens;
  }
  Object.assign(exchange.work, { documents: texts.length, tokens });
  computeHeaders(exchange, tokens, texts);
  return { pieces, tokens };
}
