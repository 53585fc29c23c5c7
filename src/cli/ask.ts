// qrag ask: what a store has to say to a question, as the gate sees it; the answer, given something that writes one.

import { openAiGenerator } from "../answer/openai.ts";
import { defaultRefusal } from "../answer/options.ts";
import type { StoreAnswer } from "../store/answer.ts";
import type { Hit } from "../store/hits.ts";
import type { Store } from "../store/store.ts";
import { modelHelp, modelOptions, parseArguments, UsageError, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { hitText, placeText } from "./hits_text.ts";
import type { Io } from "./io.ts";
import { printable, writeJson, writeLine, writeReport } from "./output.ts";
import { logHelp, logQuestion } from "./question_log.ts";
import { embedderHelp, storeHelp, storeOptions, withEmbedder, withStore } from "./store_options.ts";

const help = `Usage: qrag ask QUESTION [options]

Searches a store and prints the passages that the gate judges relevant, or, where there is none, says so. With
--generate it has an answer written from them and prints that, and where it stands.

Options:
${storeHelp}
${embedderHelp}
      --generate URL  an OpenAI-compatible endpoint that writes the answer, with its version: http://127.0.0.1:11434/v1;
                      the key, if it needs one, in OPENAI_API_KEY
      --generate-model NAME
                      its model
      --top K         passages that are judged; default 20
${logHelp}
      --exit-code     exit with 1 when there is no evidence
${modelHelp("print JSON: {answer, answered, passages}")}

Example:
  qrag ask "how do I descale the machine"
  qrag ask "how do I descale the machine" --generate http://127.0.0.1:11434/v1 --generate-model qwen3
`;

const defaultTop = 20;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...modelOptions,
      ...storeOptions,
      generate: { type: "string" },
      "generate-model": { type: "string" },
      top: { type: "string" },
      "exit-code": { type: "boolean" },
      log: { type: "string" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["QUESTION"]);
    const { model, calibration, store: path, generate: url, json = false } = values;
    const writer = values["generate-model"];
    if ((url === undefined) !== (writer === undefined)) {
      throw new UsageError("--generate and --generate-model belong together");
    }
    const topK = wholeNumber(values.top, "--top") ?? defaultTop;
    const threads = wholeNumber(values.threads, "--threads");
    const question = positionals[0]!;
    await logQuestion(values.log, question);
    const found = await withEmbedder(io, values.embedder, (embedder) =>
      withGate(io, { model, calibration, threads }, (gate) =>
        withStore(io, { store: path, readOnly: true, gate }, embedder, (store) =>
          url !== undefined && writer !== undefined
            ? writtenAnswer(io, store, { question, topK, url, writer, json })
            : evidence(io, store, { question, topK, json }),
        ),
      ),
    );
    return values["exit-code"] && !found ? exitCodes.no : exitCodes.done;
  },
};

interface Asked {
  readonly question: string;
  readonly topK: number;
  readonly json: boolean;
}

/** The relevant passages, each as soon as it is judged. Returns whether there was one. */
async function evidence(io: Io, store: Store, { question, topK, json }: Asked): Promise<boolean> {
  const passages: Hit[] = [];
  for await (const hit of store.search(question, { topK, signal: io.signal })) {
    if (!hit.verdict?.relevant) continue;
    passages.push(hit);
    if (!json) await writeReport(io, hitText(hit, passages.length));
  }
  const answered = passages.length > 0;
  if (json) await writeJson(io, { answer: answered ? null : defaultRefusal, answered, passages });
  else if (!answered) await writeLine(io, defaultRefusal);
  return answered;
}

async function writtenAnswer(
  io: Io,
  store: Store,
  { question, topK, json, url, writer }: Asked & { readonly url: string; readonly writer: string },
): Promise<boolean> {
  const apiKey = io.env.OPENAI_API_KEY || undefined;
  const generate = openAiGenerator({ baseUrl: url, model: writer, apiKey });
  const result = await store.answer(question, { generate, topK, signal: io.signal });
  if (json) {
    const passages = result.kept.map(({ passage, verdict }) => ({ ...passage, verdict }));
    await writeJson(io, { answer: result.answer, answered: result.answered, passages });
  } else {
    await writeReport(io, answerText(result));
  }
  return result.answered;
}

function answerText({ answer, citations }: StoreAnswer): string {
  const lines = answer.split(/\r\n?|\n/).map((line) => printable(line));
  const places = citations.map((citation, index) => `[${index + 1}] ${placeText(citation)}`);
  return `${[...lines, ...(places.length > 0 ? ["", ...places] : [])].join("\n")}\n`;
}
