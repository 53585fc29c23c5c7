// qrag filter: of many passages the relevant ones.
import type { Gate } from "../gate.ts";
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
import type { Io } from "./io.ts";
import { readInput } from "./lines.ts";
import { write, writeJson } from "./output.ts";
import {
  formatHelp,
  type PassageFormat,
  passageFormats,
  passagesHelp,
  passagesOf,
} from "./passages.ts";
import { pipeline } from "./pipeline.ts";

/** Lines that are read and judged ahead of the output: enough to fill the batches of the engine. */
const linesAhead = 32;

const help = `Usage: qrag filter --query QUERY [options] [FILE|-]

Reads passages and prints the relevant ones, each as soon as it is judged. Passages are
${passagesHelp}.
Lines come out byte for byte as they came, blank ones left out; elements of an array come out as JSON lines, without the
white space between their parts and otherwise byte for byte.

Options:
  -q, --query QUERY   what the passages are to address
      --format F      ${formatHelp}
      --stop-after N  end after N relevant passages
      --exit-code     exit with 1 when no passage is relevant
${modelHelp("print JSON lines: {line, passage, relevant, margin, ...}; line counts an array's elements")}

Example:
  qrag filter --query "capital of Germany" passages.jsonl
  retrieve | qrag filter -q "capital of Germany" --stop-after 3
`;

interface FilterSettings {
  readonly query: string;
  readonly file: string | undefined;
  readonly format: PassageFormat;
  readonly stopAfter: number;
  readonly json: boolean;
}

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      ...modelOptions,
      query: { type: "string", short: "q" },
      format: { type: "string", default: "auto" },
      "stop-after": { type: "string" },
      "exit-code": { type: "boolean" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["FILE"], 0);
    const settings: FilterSettings = {
      query: required(values.query, "--query"),
      file: positionals[0],
      format: oneOf(values.format, passageFormats, "--format"),
      stopAfter: wholeNumber(values["stop-after"], "--stop-after") ?? Infinity,
      json: values.json === true,
    };
    const kept = await withGate(io, gateOptions(values), (gate) => filterLines(io, gate, settings));
    return values["exit-code"] && kept === 0 ? exitCodes.no : exitCodes.done;
  },
};

/** Prints the relevant lines and returns how many there were. */
async function filterLines(io: Io, gate: Gate, settings: FilterSettings): Promise<number> {
  const { query, file, format, stopAfter, json } = settings;
  const lines = passagesOf(readInput(io, file), format);
  const { signal } = io;
  let kept = 0;
  for await (const [line, verdict] of pipeline(lines, linesAhead, ({ passage }) =>
    gate.judge(query, passage, { signal }),
  )) {
    if (!verdict.relevant) continue;
    if (json) await writeJson(io, { line: line.number, passage: line.value, ...verdict });
    else await write(io, line.bytes);
    if (++kept === stopAfter) break;
  }
  return kept;
}
