// qrag rank: passages, the most relevant first.
import { QragError } from "../../base/errors.ts";
import { limits } from "../options.ts";
import {
  gateOptions,
  modelHelp,
  modelOptions,
  oneOf,
  parseArguments,
  required,
  wholeNumber,
} from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { readInput } from "./lines.ts";
import { write, writeJson } from "./output.ts";
import {
  formatHelp,
  type PassageLine,
  passageFormats,
  passagesHelp,
  passagesOf,
} from "./passages.ts";
import { progressBar } from "./progress.ts";

const help = `Usage: qrag rank --query QUERY [options] [FILE|-]

Reads passages and prints them sorted: the margin, a tab, and the line as it came, or the element of an array on one
line. A margin above 0 (or the calibration's offset) means relevant. Passages are
${passagesHelp}.

Options:
  -q, --query QUERY   what the passages are to address
      --format F      ${formatHelp}
      --top K         print the best K only
${modelHelp("print JSON lines: {rank, line, passage, relevant, margin, ...}; line counts an array's elements")}

Example:
  qrag rank --query "capital of Germany" --top 5 passages.jsonl
`;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...modelOptions,
      query: { type: "string", short: "q" },
      format: { type: "string", default: "auto" },
      top: { type: "string" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["FILE"], 0);
    const query = required(values.query, "--query");
    const format = oneOf(values.format, passageFormats, "--format");
    const topK = wholeNumber(values.top, "--top");
    const passages: { text: string; line: PassageLine }[] = [];
    for await (const line of passagesOf(readInput(io, positionals[0]), format)) {
      if (passages.length === limits.passages) throw tooMany();
      passages.push({ text: line.passage, line });
    }
    const ranked = await withGate(io, gateOptions(values), (gate) => {
      const bar = progressBar(io, "judging");
      return gate
        .rank(query, passages, { topK, signal: io.signal, onProgress: bar.update })
        .finally(bar.clear);
    });
    for (const [index, { passage, verdict }] of ranked.entries()) {
      const { line } = passage;
      if (values.json) {
        await writeJson(io, {
          rank: index + 1,
          line: line.number,
          passage: line.value,
          ...verdict,
        });
      } else {
        await write(io, `${verdict.margin.toFixed(4)}\t`);
        await write(io, line.bytes);
        if (!line.bytes.includes(0x0a)) await write(io, "\n");
      }
    }
    return exitCodes.done;
  },
};

/** They are held until all are judged. */
function tooMany(): QragError {
  const message = `There are more than ${limits.passages} passages, which is the most that can be ranked`;
  return new QragError("INPUT_INVALID", message);
}
