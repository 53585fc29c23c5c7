// qrag search: the passages of a store that fit a question best.
import { resolve } from "node:path";
import { belowPrefix } from "../../base/below.ts";
import { oneOf, parseArguments, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { hitText } from "./hits_text.ts";
import { writeJson, writeReport } from "./output.ts";
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

const help = `Usage: qrag search QUESTION [options]

Prints the passages of a store that fit the question best, by meaning and by words, without asking a gate.

Options:
${storeHelp}
${embedderHelp}
      --mode M        hybrid, vector or keyword; default: hybrid, or keyword with --embedder none
      --top K         passages; default 10
${stepsHelp}
      --path PREFIX   only of documents whose path begins with it: a folder, or a part of a name
${logHelp}
      --explain       say what each passage owes to vectors and to keywords
      --json          print JSON lines: {text, id, path, headings, line, start, end, score, ...}
  -h, --help          print this help

Example:
  qrag search "how do I descale the machine" --top 3
`;

const modes = ["hybrid", "vector", "keyword"] as const;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...storeOptions,
      ...stepOptions,
      mode: { type: "string" },
      top: { type: "string" },
      path: { type: "string" },
      explain: { type: "boolean" },
      log: { type: "string" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["QUESTION"]);
    const { store: path, json = false, explain = false, path: prefix } = values;
    const stateEmbedder = values["state-embedder"];
    const search = {
      mode: values.mode === undefined ? undefined : oneOf(values.mode, modes, "--mode"),
      topK: wholeNumber(values.top, "--top"),
      ...stepsOf(values),
      filter: prefix === undefined ? undefined : { path: absolutePrefix(prefix) },
      explain,
      signal: io.signal,
    };
    await logQuestion(values.log, positionals[0]!);
    await withEmbedder(io, values.embedder, (embedder) =>
      withStore(io, { store: path, readOnly: true, stateEmbedder }, embedder, async (store) => {
        let number = 0;
        for await (const hit of store.search(positionals[0]!, search)) {
          number++;
          if (json) await writeJson(io, hit);
          else await writeReport(io, hitText(hit, number));
        }
      }),
    );
    return exitCodes.done;
  },
};

/** As `qrag index` has written it. What ends like a folder is one. */
function absolutePrefix(prefix: string): string {
  const path = resolve(prefix);
  return /[/\\]$/.test(prefix) ? belowPrefix(path) : path;
}
