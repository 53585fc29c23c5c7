// qrag ask: what a store has to say to a question, as the gate sees it; the answer, given something that writes one.

import { defaultRefusal, type Generate } from "../answer/options.ts";
import type { StoreAnswer } from "../store/answer.ts";
import type { Hit } from "../store/hits.ts";
import type { SearchOptions } from "../store/options.ts";
import type { Store } from "../store/store.ts";
import { gateOptions, modelHelp, modelOptions, parseArguments, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { generateHelp, generateOptions, withGenerator, writerOf } from "./generator.ts";
import { hitText, placeText } from "./hits_text.ts";
import type { Io } from "./io.ts";
import { printable, writeJson, writeLine, writeReport } from "./output.ts";
import { logHelp, logQuestion } from "./question_log.ts";
import {
  embedderHelp,
  stepOptions,
  stepsHelp,
  stepsOf,
  storeHelp,
  storeOptions,
  withEmbedder,
  withStore,
} from "./store_options.ts";

const help = `Usage: qrag ask QUESTION [options]

Searches a store and prints the passages that the gate judges relevant, or, where there is none, says so. With
--generate it has an answer written from them and prints that, and where it stands.

Options:
${storeHelp}
${embedderHelp}
${generateHelp}
      --top K         passages that are judged; default 20
${stepsHelp}
${logHelp}
      --exit-code     exit with 1 when there is no evidence
${modelHelp("print JSON: {answer, answered, passages}")}

Example:
  qrag ask "how do I descale the machine"
  qrag ask "how do I descale the machine" --generate http://127.0.0.1:11434/v1 --generate-model qwen3
  qrag ask "how do I descale the machine" --generate qwen3-1.7b.gguf
`;

const defaultTop = 20;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...modelOptions,
      ...storeOptions,
      ...generateOptions,
      ...stepOptions,
      top: { type: "string" },
      "exit-code": { type: "boolean" },
      log: { type: "string" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["QUESTION"]);
    const { store: path, json = false } = values;
    const writer = writerOf(values);
    const topK = wholeNumber(values.top, "--top") ?? defaultTop;
    const search = { topK, ...stepsOf(values), signal: io.signal };
    const stateEmbedder = values["state-embedder"];
    const question = positionals[0]!;
    await logQuestion(values.log, question);
    const found = await withEmbedder(io, values.embedder, (embedder) =>
      withGate(io, gateOptions(values), (gate) =>
        withStore(io, { store: path, readOnly: true, stateEmbedder, gate }, embedder, (store) =>
          writer
            ? withGenerator(io, writer, (generate) =>
                writtenAnswer(io, store, { question, search, json, generate }),
              )
            : evidence(io, store, { question, search, json }),
        ),
      ),
    );
    return values["exit-code"] && !found ? exitCodes.no : exitCodes.done;
  },
};

interface Asked {
  readonly question: string;
  readonly search: Pick<SearchOptions, "topK" | "steps" | "stopBelow" | "signal">;
  readonly json: boolean;
}

/** The relevant passages, each as soon as it is judged. Returns whether there was one. */
async function evidence(io: Io, store: Store, { question, search, json }: Asked): Promise<boolean> {
  const passages: Hit[] = [];
  for await (const hit of store.search(question, search)) {
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
  { question, search, json, generate }: Asked & { readonly generate: Generate },
): Promise<boolean> {
  const result = await store.answer(question, { ...search, generate });
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
