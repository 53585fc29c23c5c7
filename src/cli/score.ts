// qrag score: one query, one passage.
import { gateOptions, modelHelp, modelOptions, parseArguments } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { writeJson, writeLine } from "./output.ts";

const help = `Usage: qrag score [options] QUERY PASSAGE

Prints 1 if the passage addresses the query, else 0. Write -- before a text that begins with a dash.

Options:
      --exit-code     exit with 1 when the answer is 0
${modelHelp()}

Example:
  qrag score "capital of Germany" "Berlin is the capital of Germany."
  qrag score --json "how to git commit" "The Nile is the longest river."
`;

export const command: Command = {
  help,
  async run(args, io) {
    const options = { ...modelOptions, "exit-code": { type: "boolean" } } as const;
    const { values, positionals } = parseArguments(args, options, ["QUERY", "PASSAGE"]);
    const [query, passage] = positionals as [string, string];
    const { signal } = io;
    const verdict = await withGate(io, gateOptions(values), (gate) =>
      gate.judge(query, passage, { signal }),
    );
    const answer = verdict.relevant ? 1 : 0;
    if (values.json) await writeJson(io, { score: answer, ...verdict });
    else await writeLine(io, String(answer));
    return values["exit-code"] && answer === 0 ? exitCodes.no : exitCodes.done;
  },
};
