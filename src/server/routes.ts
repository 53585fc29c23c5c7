// Which path speaks which protocol.
import { modelName } from "../gate_info.ts";
import type { Admission } from "./admission.ts";
import type { Embedding } from "./embedding.ts";
import type { Exchange, Route } from "./exchange.ts";
import { bad, type Fields } from "./fields.ts";
import type { Judging } from "./judging.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerSettings, ServerStore } from "./options.ts";
import { pageRoutes } from "./page.ts";
import { type ErrorShape, Problem, sharedError, teiError } from "./problem.ts";
import { documentsRerank, firstForm, secondForm } from "./protocols/documents.ts";
import { judgeRoute } from "./protocols/judge.ts";
import { openAiEmbeddings } from "./protocols/openai_embeddings.ts";
import { searchStore } from "./protocols/search.ts";
import { teiRerank, teiRoutes } from "./protocols/tei.ts";
import { teiEmbed } from "./protocols/tei_embed.ts";
import { tryOutRoutes } from "./protocols/try_out.ts";

export interface RouteParts {
  readonly judging: Judging;
  readonly embedding: Embedding | undefined;
  readonly store: ServerStore | undefined;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly settings: ServerSettings;
  readonly version: string;
  /** Seconds since 1970. */
  readonly started: number;
  readonly closing: () => boolean;
}

/** What a route does with a request's fields. */
type Handle = (exchange: Exchange, fields: Fields) => Promise<void>;

function post(path: string, errors: ErrorShape, handle: Handle): Route {
  return {
    method: "POST",
    path,
    errors,
    handle: async (exchange) => handle(exchange, await exchange.fields()),
  };
}

/** Where the server lacks a part: 404, since a client would try again after a 501. */
function missing(path: string, errors: ErrorShape, message: string): Route {
  const handle = async () => {
    throw new Problem(404, message);
  };
  return { method: "POST", path, errors, handle };
}

export function routesOf(parts: RouteParts): Route[] {
  const { judging, admission, metrics, settings, version, closing } = parts;
  return [
    ...pageRoutes(settings.page),
    ...teiRoutes(judging, admission, metrics, settings, version, closing),
    modelsRoute(parts),
    ...rerankRoutes(judging),
    judgeRoute(judging),
    ...embeddingRoutes(parts),
    searchRoute(parts),
    ...tryOutRoutes(judging, admission),
  ];
}

function modelsRoute({ judging, embedding, started }: RouteParts): Route {
  const infos = [judging.gate.info, ...(embedding ? [embedding.embedder.info] : [])];
  return {
    method: "GET",
    path: "/v1/models",
    errors: sharedError,
    async handle(exchange) {
      const data = infos.map((info) => ({
        id: modelName(info),
        object: "model",
        created: started,
        owned_by: "qrag",
      }));
      await exchange.json({ object: "list", data });
    },
  };
}

function rerankRoutes(judging: Judging): Route[] {
  /** llama-server tells its own form from Text Embeddings Inference's by the field. */
  const either: Handle = async (exchange, fields) => {
    if (fields.has("texts")) {
      exchange.errors = teiError;
      return teiRerank(exchange, fields, judging);
    }
    if (!fields.has("documents")) throw bad("texts or documents", "an array");
    exchange.errors = sharedError;
    return documentsRerank(exchange, fields, judging, firstForm);
  };
  return [
    ...["/rerank", "/reranking"].map((path) => post(path, teiError, either)),
    ...["/v1/rerank", "/v1/reranking"].map((path) => post(path, sharedError, either)),
    post("/v2/rerank", sharedError, (exchange, fields) =>
      documentsRerank(exchange, fields, judging, secondForm),
    ),
  ];
}

function embeddingRoutes({ embedding }: RouteParts): Route[] {
  const route = (path: string, errors: ErrorShape, answer: typeof teiEmbed): Route =>
    embedding
      ? post(path, errors, (exchange, fields) => answer(exchange, fields, embedding))
      : missing(
          path,
          errors,
          "This server has no embedding model: start it with --embedder PATH, or pass serveGate an embedder",
        );
  return [
    route("/embed", teiError, teiEmbed),
    route("/v1/embeddings", sharedError, openAiEmbeddings),
  ];
}

function searchRoute({ store, ...parts }: RouteParts): Route {
  const path = "/search";
  if (store) {
    return post(path, teiError, (exchange, fields) =>
      searchStore(exchange, fields, { store, ...parts }),
    );
  }
  const message = "This server has no store: start it with --store FILE, or pass serveGate a store";
  return missing(path, teiError, message);
}
