// Our own route on a store: the passages that fit a question, each with the gate's verdict, at once or as they come.
import { modelName } from "../../gate_info.ts";
import type { Hit } from "../../store/hits.ts";
import type { SearchOptions } from "../../store/options.ts";
import type { Admission } from "../admission.ts";
import type { Exchange } from "../exchange.ts";
import { bad, type Fields } from "../fields.ts";
import type { Judging } from "../judging.ts";
import type { Metrics } from "../metrics.ts";
import type { ServerStore } from "../options.ts";
import { sendLines } from "./lines.ts";

/** As many as a store gives of its own accord. */
const defaultTop = 10;

export interface SearchParts {
  readonly store: ServerStore;
  readonly judging: Judging;
  readonly admission: Admission;
  readonly metrics: Metrics;
}

interface Question {
  readonly query: string;
  readonly options: SearchOptions & { readonly topK: number };
  /** Whether the gate is asked. */
  readonly judged: boolean;
  readonly onlyRelevant: boolean;
}

export async function searchStore(
  exchange: Exchange,
  fields: Fields,
  parts: SearchParts,
): Promise<void> {
  const question = questionOf(fields, parts.admission);
  const stream = fields.flag("stream") || exchange.accepts("application/x-ndjson");
  if (stream) return sendLines(exchange, asTheyCome(exchange, question, parts));
  const hits: Hit[] = [];
  for await (const hit of results(exchange, question, parts)) hits.push(hit);
  const { relevant } = exchange.work;
  const model = modelName(parts.judging.gate.info);
  await exchange.json({ ...(question.judged && { model, relevant }), results: hits });
}

/** What a mode and a filter may be, the store says. */
function questionOf(fields: Fields, { maxDocuments }: Admission): Question {
  const topK = fields.count("top_k") ?? fields.count("topK") ?? defaultTop;
  if (topK > maxDocuments) throw bad("top_k", `at most ${maxDocuments}`);
  const judged = fields.flag("gate", true);
  const onlyRelevant = fields.flag("only_relevant");
  if (onlyRelevant && !judged) throw bad("gate", "true with only_relevant");
  return {
    query: fields.query(),
    options: {
      topK,
      mode: fields.text("mode") as SearchOptions["mode"],
      filter: fields.object("filter") as SearchOptions["filter"],
      explain: fields.flag("explain"),
    },
    judged,
    onlyRelevant,
  };
}

async function* asTheyCome(exchange: Exchange, question: Question, parts: SearchParts) {
  yield* results(exchange, question, parts);
  const { relevant, tokens } = exchange.work;
  yield { done: true, ...(question.judged && { relevant, tokens }) };
}

/**
 * In the order of the search. The server's own gate judges, whatever the store was opened with. A search takes as much
 * room in the queue as the passages that it may find.
 */
async function* results(
  { work, signal }: Exchange,
  { query, options, judged, onlyRelevant }: Question,
  { store, judging, admission, metrics }: SearchParts,
): AsyncGenerator<Hit, void> {
  work.documents = 0;
  if (judged) Object.assign(work, { relevant: 0, tokens: 0 });
  const gate = judged && judging.gate;
  const search = () => store.search(query, { ...options, gate, signal });
  for await (const { verdict, ...hit } of admission.through(options.topK, search)) {
    work.documents++;
    if (!verdict || !judged) {
      yield hit;
      continue;
    }
    metrics.judged(verdict);
    if (verdict.relevant) work.relevant!++;
    work.tokens! += verdict.tokens;
    const shown = { ...verdict, score: judging.score(verdict) };
    if (verdict.relevant || !onlyRelevant) yield { ...hit, verdict: shown };
  }
  metrics.searched();
  if (judged) metrics.answered(work.relevant!);
}
