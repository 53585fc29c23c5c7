// Our own route: verdicts with their margins, in the order of the passages, at once or as they come.

import { modelName } from "../../gate_info.ts";
import type { Verdict } from "../../verdict.ts";
import type { Exchange, Route } from "../exchange.ts";
import type { Judged, Judging } from "../judging.ts";
import { teiError } from "../problem.ts";
import { judgedHeaders } from "./headers.ts";
import { sendLines } from "./lines.ts";

/** Names under which people keep a passage's text. */
const carriers = ["text", "passage", "content"];

interface Question {
  readonly query: string;
  readonly texts: readonly string[];
  readonly onlyRelevant: boolean;
  readonly withText: boolean;
}

export function judgeRoute(judging: Judging): Route {
  const { gate } = judging;

  const shown = ({ texts, withText }: Question, { index, verdict }: Judged) => ({
    index,
    // JSON writes a margin of -Infinity as null.
    ...verdict,
    score: judging.score(verdict),
    ...(withText && { passage: texts[index] }),
  });
  const wanted = ({ onlyRelevant }: Question, verdict: Verdict) =>
    verdict.relevant || !onlyRelevant;

  async function atOnce(exchange: Exchange, question: Question): Promise<void> {
    const { query, texts } = question;
    const all: Judged[] = [];
    for await (const judged of judging.judge(query, texts, exchange.signal)) all.push(judged);
    judgedHeaders(exchange, all, texts);
    await exchange.json({
      model: modelName(gate.info),
      relevant: exchange.work.relevant,
      results: all
        .filter(({ verdict }) => wanted(question, verdict))
        .map((each) => shown(question, each)),
    });
  }

  async function* asTheyCome({ signal, work }: Exchange, question: Question) {
    const { query, texts } = question;
    Object.assign(work, { documents: texts.length, relevant: 0, tokens: 0 });
    for await (const judged of judging.judge(query, texts, signal)) {
      if (judged.verdict.relevant) work.relevant!++;
      work.tokens! += judged.verdict.tokens;
      if (wanted(question, judged.verdict)) yield shown(question, judged);
    }
    yield { done: true, relevant: work.relevant, tokens: work.tokens };
  }

  return {
    method: "POST",
    path: "/judge",
    errors: teiError,
    async handle(exchange) {
      const fields = await exchange.fields();
      const question = {
        query: fields.query(),
        texts: fields.texts("passages", carriers),
        onlyRelevant: fields.flag("only_relevant"),
        withText: fields.flag("return_passages"),
      };
      const stream = fields.flag("stream") || exchange.accepts("application/x-ndjson");
      if (stream && question.texts.length > 0) {
        await sendLines(exchange, asTheyCome(exchange, question));
      } else {
        await atOnce(exchange, question);
      }
    },
  };
}
