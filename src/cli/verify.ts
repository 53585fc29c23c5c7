// qrag verify: what can be checked of a converted model without its checkpoint.
import type { WiringProof } from "../../convert/proof/wiring.ts";
import { describeModel } from "../../gguf/architecture.ts";
import { rowsHelp } from "../eval/rows.ts";
import type { GateInfo } from "../gate_info.ts";
import { readModelFile } from "../model/files.ts";
import { parseArguments, wholeNumber } from "./arguments.ts";
import { type Checks, check } from "./check.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { table, write, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";
import { storedWiring, wiringText } from "./report.ts";
import { readRows } from "./rows.ts";

const help = `Usage: qrag verify [options] [MODEL]

Prints how the model was wired at its conversion, its decision rows, how often they agree with the whole vocabulary,
the three examples of the model's card, and how many labelled rows it gets right. All by the reference engine.

Options:
      --rows FILE     labelled rows: ${rowsHelp}
      --exit-code     exit with 1 when an example is wrong, or the semantics disagree
      --threads N     threads that compute
      --json          print JSON
  -h, --help          print this help

Example:
  qrag verify models/qrag.gguf --rows holdout.jsonl
`;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      rows: { type: "string" },
      "exit-code": { type: "boolean" },
      threads: { type: "string" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["MODEL"], 0);
    const threads = wholeNumber(values.threads, "--threads");
    const rows = values.rows === undefined ? undefined : await readRows(io, values.rows);
    const { info, checks } = await withGate(
      io,
      { model: positionals[0], threads, engine: "reference" },
      async (gate) => {
        const bar = progressBar(io, "judging");
        const work = check(gate, rows, { signal: io.signal, bar });
        return { info: gate.info, checks: await work.finally(bar.clear) };
      },
    );
    const wiring = await wiringOf(info.path);
    if (values.json) await writeJson(io, { info, wiring, ...checks });
    else await write(io, reportText(info, wiring, checks));
    return values["exit-code"] && !holds(checks) ? exitCodes.no : exitCodes.done;
  },
};

async function wiringOf(path: string): Promise<WiringProof | undefined> {
  const { file } = await readModelFile(path);
  return storedWiring(describeModel(file).conversionReport);
}

function holds({ examples, agreement }: Checks): boolean {
  return (
    examples.every(({ answer, label }) => answer === label) &&
    (agreement === undefined || agreement.agreed === agreement.pairs)
  );
}

function reportText(info: GateInfo, wiring: WiringProof | undefined, checks: Checks): string {
  return [
    modelText(info),
    wiring ? wiringText(wiring) : "The file does not say how it was wired.\n",
    table(
      ["DECISION ROW", "TOKEN", "STANDS FOR"],
      info.decision.map(({ id, text, label }) => [id, JSON.stringify(text), label]),
    ),
    examplesText(checks),
    agreementText(checks),
  ].join("\n");
}

function modelText(info: GateInfo): string {
  return table(
    ["MODEL", info.name ?? ""],
    [
      ["path", info.path],
      ["parameters", `${(info.parameters / 1e6).toFixed(1)} million`],
      ["weights", info.weightTypes.join(", ")],
      ["context", `${info.contextLength} tokens`],
      ["engine", `${info.engine}, ${info.device}, ${info.threads} threads`],
    ],
  );
}

function examplesText({ examples }: Checks): string {
  return table(
    ["QUERY", "PASSAGE", "EXPECTED", "ANSWER", "MARGIN", ""],
    examples.map(({ query, passage, label, answer, margin }) => [
      query,
      passage,
      label,
      answer,
      margin.toFixed(3),
      answer === label ? "ok" : "WRONG",
    ]),
  );
}

function agreementText({ agreement, rows }: Checks): string {
  const agreed = agreement
    ? `Decision rows and whole vocabulary agree on ${agreement.agreed} of ${agreement.pairs} pairs.\n`
    : "Decision rows and whole vocabulary cannot be compared: the file has no whole head. Convert with --keep-lm-head.\n";
  if (!rows) return agreed;
  const share = rows.count > 0 ? ` (${((100 * rows.right) / rows.count).toFixed(1)} %)` : "";
  return `${agreed}Labelled rows: ${rows.right} of ${rows.count} right${share}.\n`;
}
