// Which path speaks which protocol.
import { modelName } from "../gate_info.ts";
import type { Exchange, Route } from "./exchange.ts";
import { bad, type Fields } from "./fields.ts";
import type { Judging } from "./judging.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerSettings } from "./options.ts";
import { pageRoutes } from "./page.ts";
import { type ErrorShape, sharedError, teiError } from "./problem.ts";
import { documentsRerank, firstForm, secondForm } from "./protocols/documents.ts";
import { judgeRoute } from "./protocols/judge.ts";
import { teiRerank, teiRoutes } from "./protocols/tei.ts";
import { tryOutRoutes } from "./protocols/try_out.ts";

export interface RouteParts {
  readonly judging: Judging;
  readonly metrics: Metrics;
  readonly settings: ServerSettings;
  readonly version: string;
  /** Seconds since 1970. */
  readonly started: number;
  readonly closing: () => boolean;
}

export function routesOf({
  judging,
  metrics,
  settings,
  version,
  started,
  closing,
}: RouteParts): Route[] {
  const post = (
    path: string,
    errors: ErrorShape,
    handle: (exchange: Exchange, fields: Fields) => Promise<void>,
  ): Route => ({
    method: "POST",
    path,
    errors,
    handle: async (exchange) => handle(exchange, await exchange.fields()),
  });
  /** llama-server tells its own form from Text Embeddings Inference's by the field. */
  const either = async (exchange: Exchange, fields: Fields) => {
    if (fields.has("texts")) {
      exchange.errors = teiError;
      return teiRerank(exchange, fields, judging);
    }
    if (!fields.has("documents")) throw bad("texts or documents", "an array");
    exchange.errors = sharedError;
    return documentsRerank(exchange, fields, judging, firstForm);
  };
  const models: Route["handle"] = (exchange) => {
    const id = modelName(judging.gate.info);
    const model = { id, object: "model", created: started, owned_by: "qrag" };
    return exchange.json({ object: "list", data: [model] });
  };
  return [
    ...pageRoutes(settings.page),
    ...teiRoutes(judging, metrics, settings, version, closing),
    { method: "GET", path: "/v1/models", errors: sharedError, handle: models },
    ...["/rerank", "/reranking"].map((path) => post(path, teiError, either)),
    ...["/v1/rerank", "/v1/reranking"].map((path) => post(path, sharedError, either)),
    post("/v2/rerank", sharedError, (exchange, fields) =>
      documentsRerank(exchange, fields, judging, secondForm),
    ),
    judgeRoute(judging),
    ...tryOutRoutes(judging),
  ];
}
