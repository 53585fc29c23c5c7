// Rerank with `documents`: Cohere v1 and v2, Jina and llama-server in one answer that has the fields of all.
import { randomUUID } from "node:crypto";
import { modelName } from "../../gate_info.ts";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { finiteMargin, type Judged, type Judging, wantedOf } from "../judging.ts";
import { Problem } from "../problem.ts";
import { judgedHeaders, windowWarnings } from "./headers.ts";

interface Form {
  /** Cohere's version, which its answers name. */
  readonly version: "1" | "2";
  /** Version 2 gives no texts back. */
  readonly mayReturnDocuments: boolean;
}

export const firstForm: Form = { version: "1", mayReturnDocuments: true };
export const secondForm: Form = { version: "2", mayReturnDocuments: false };

/** `max_tokens_per_doc`, `max_chunks_per_doc` and `truncation` are read over: nothing is cut. */
export async function documentsRerank(
  exchange: Exchange,
  fields: Fields,
  judging: Judging,
  { version, mayReturnDocuments }: Form,
): Promise<void> {
  const query = fields.query();
  const texts = fields.texts("documents", fields.names("rank_fields"));
  const raw = fields.flag("raw_scores");
  const withText = mayReturnDocuments && fields.flag("return_documents");
  const asked = fields.text("model");
  const wanted = wantedOf(fields);
  if (texts.length === 0) throw new Problem(422, "Expected at least one of documents");
  const ranked = await judging.ranked(query, texts, exchange.signal);
  judgedHeaders(exchange, ranked, texts);
  const results = judging.chosen(ranked, wanted).map(({ index, verdict }) => ({
    index,
    relevance_score: raw ? finiteMargin(verdict) : judging.score(verdict),
    ...(withText && { document: { text: texts[index] } }),
  }));
  await exchange.json({
    id: randomUUID(),
    object: "list",
    // Clients compare it with what they asked for.
    model: asked ?? modelName(judging.gate.info),
    results,
    ...usage(ranked, version),
  });
}

function usage(ranked: readonly Judged[], version: string): object {
  const tokens = ranked.reduce((sum, { verdict }) => sum + verdict.tokens, 0);
  const warnings = windowWarnings(ranked);
  return {
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    meta: {
      api_version: { version },
      billed_units: { search_units: 1 },
      tokens: { input_tokens: tokens, output_tokens: 0 },
      ...(warnings.length > 0 && { warnings }),
    },
  };
}
