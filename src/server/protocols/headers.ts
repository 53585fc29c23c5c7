// What every answer says of its work: response headers as Text Embeddings Inference has them, and the log's figures.
import type { Exchange } from "../exchange.ts";
import type { Judged } from "../judging.ts";

export function judgedHeaders(
  exchange: Exchange,
  judged: readonly Judged[],
  texts: readonly string[],
): void {
  const tokens = judged.reduce((sum, { verdict }) => sum + verdict.tokens, 0);
  const relevant = judged.filter(({ verdict }) => verdict.relevant).length;
  Object.assign(exchange.work, { documents: texts.length, relevant, tokens });
  computeHeaders(exchange, tokens, texts);
}

export function computeHeaders(
  { response }: Exchange,
  tokens: number,
  texts: readonly string[],
): void {
  response.setHeader("x-compute-type", "cpu");
  response.setHeader("x-compute-tokens", tokens);
  response.setHeader(
    "x-compute-characters",
    texts.reduce((sum, text) => sum + text.length, 0),
  );
}

/** Long documents are windowed, and it is said which. */
export function windowWarnings(judged: readonly Judged[]): string[] {
  return judged
    .filter(({ verdict }) => verdict.windows > 1)
    .sort((a, b) => a.index - b.index)
    .map(
      ({ index, verdict }) =>
        `document ${index} is longer than the model's context and was judged in ${verdict.windows} windows`,
    );
}
