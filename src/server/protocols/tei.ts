// Text Embeddings Inference's routes: /rerank with `texts`, /info, /health, /metrics.
import { arch } from "node:process";
import { modelName } from "../../gate_info.ts";
import type { Admission } from "../admission.ts";
import type { Exchange, Route } from "../exchange.ts";
import type { Fields } from "../fields.ts";
import { finiteMargin, type Judging, wantedOf } from "../judging.ts";
import type { Metrics } from "../metrics.ts";
import type { ServerSettings } from "../options.ts";
import { Problem, teiError } from "../problem.ts";
import { judgedHeaders } from "./headers.ts";

/** Documents are never cut: `truncate` and its direction are read over, long texts are judged in windows. */
export async function teiRerank(
  exchange: Exchange,
  fields: Fields,
  judging: Judging,
): Promise<void> {
  const query = fields.query();
  const texts = fields.texts("texts");
  const raw = fields.flag("raw_scores");
  const withText = fields.flag("return_text");
  const wanted = wantedOf(fields);
  if (texts.length === 0) throw new Problem(400, "`texts` cannot be empty");
  const ranked = await judging.ranked(query, texts, exchange.signal);
  judgedHeaders(exchange, ranked, texts);
  const answer = judging.chosen(ranked, wanted).map(({ index, verdict }) => ({
    index,
    score: raw ? finiteMargin(verdict) : judging.score(verdict),
    ...(withText && { text: texts[index] }),
  }));
  await exchange.json(answer);
}

export function teiRoutes(
  judging: Judging,
  admission: Admission,
  metrics: Metrics,
  { maxDocuments, maxQueue }: ServerSettings,
  version: string,
  closing: () => boolean,
): Route[] {
  const { info } = judging.gate;
  const described = {
    model_id: modelName(info),
    model_sha: null,
    model_dtype: info.weightTypes[0]?.toLowerCase() ?? "float32",
    served_model_name: modelName(info),
    model_type: { reranker: { id2label: { "0": "0", "1": "1" }, label2id: { "0": 0, "1": 1 } } },
    // Of the largest size; the limit itself is on documents.
    max_concurrent_requests: Math.max(1, Math.floor(maxQueue / maxDocuments)),
    max_input_length: info.contextLength,
    max_batch_tokens: 16_384,
    max_batch_requests: null,
    max_client_batch_size: maxDocuments,
    auto_truncate: false,
    tokenization_workers: 1,
    version,
    sha: null,
    docker_label: null,
  };
  const health = async (exchange: Exchange) => {
    await exchange.send("", "text/plain", closing() ? 503 : 200);
  };
  const get = (path: string, handle: Route["handle"], open = false): Route => ({
    method: "GET",
    path,
    errors: teiError,
    open,
    handle,
  });
  return [
    get("/health", health, true),
    get("/ping", health, true),
    get("/info", (exchange) =>
      exchange.json({ ...described, model_device: `${info.device} ${arch}` }),
    ),
    get("/metrics", (exchange) =>
      exchange.send(metrics.text(admission.taken), "text/plain; version=0.0.4; charset=utf-8"),
    ),
  ];
}
