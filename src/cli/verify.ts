// qrag verify: what can be checked of a converted model without its checkpoint.
import type { WiringProof } from "../../convert/proof/wiring.ts";
import { describeModel, type ModelDescription } from "../../gguf/architecture.ts";
import { rowsHelp } from "../eval/rows.ts";
import type { GateInfo } from "../gate_info.ts";
import { modelError, readModelFile } from "../model/files.ts";
import { parseArguments, UsageError, wholeNumber } from "./arguments.ts";
import { type Checks, check } from "./check.ts";
import { checkVectors, vectorsHold, vectorsText } from "./check_vectors.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import type { Io } from "./io.ts";
import { table, write, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";
import { storedWiring, wiringText } from "./report.ts";
import { readRows } from "./rows.ts";

const help = `Usage: qrag verify [options] [MODEL]

Prints the model and what can be checked of it, by the reference engine: the three examples of the model's card and the
share of labelled rows it gets right; of a decoder also how it was wired at its conversion, its decision rows, and how
often they agree with the whole vocabulary. Of a model that gives vectors: how near the fast engine's are to the
reference's, and how many answers are nearest to their questions.

Options:
      --rows FILE     labelled rows: ${rowsHelp}
      --exit-code     exit with 1 when an example is wrong, or two ways to compute disagree
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
    const description = await describe(positionals[0], io);
    if (description.output.kind === "vector") {
      if (rows) throw new UsageError("--rows is for models that give verdicts");
      const checks = await checkVectors(positionals[0], { threads, signal: io.signal });
      if (values.json) await writeJson(io, checks);
      else await write(io, vectorsText(checks));
      return values["exit-code"] && !vectorsHold(checks) ? exitCodes.no : exitCodes.done;
    }
    const { info, checks } = await withGate(
      io,
      { model: positionals[0], threads, engine: "reference" },
      async (gate) => {
        const bar = progressBar(io, "judging");
        const work = check(gate, rows, { signal: io.signal, bar });
        return { info: gate.info, checks: await work.finally(bar.clear) };
      },
    );
    const wiring = storedWiring(description.conversionReport);
    if (values.json) await writeJson(io, { info, wiring, ...checks });
    else await write(io, reportText(info, wiring, checks));
    return values["exit-code"] && !holds(checks) ? exitCodes.no : exitCodes.done;
  },
};

async function describe(model: string | undefined, io: Io): Promise<ModelDescription> {
  const { file, path } = await readModelFile(model ?? (io.env.QRAG_MODEL || undefined), io.signal);
  try {
    return describeModel(file);
  } catch (error) {
    throw modelError(error, path);
  }
}

function holds({ examples, agreement }: Checks): boolean {
  return (
    examples.every(({ answer, label }) => answer === label) &&
    (agreement === undefined || agreement.agreed === agreement.pairs)
  );
}

function reportText(info: GateInfo, wiring: WiringProof | undefined, checks: Checks): string {
  if (info.decision.length === 0) {
    return [modelText(info), examplesText(checks), rowsText(checks)].join("\n");
  }
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
      ["architecture", info.architecture],
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

function agreementText(checks: Checks): string {
  const { agreement } = checks;
  const agreed = agreement
    ? `Decision rows and whole vocabulary agree on ${agreement.agreed} of ${agreement.pairs} pairs.\n`
    : "Decision rows and whole vocabulary cannot be compared: the file has no whole head. Convert with --keep-lm-head.\n";
  return agreed + rowsText(checks);
}

function rowsText({ rows }: Checks): string {
  if (!rows) return "";
  const share = rows.count > 0 ? ` (${((100 * rows.right) / rows.count).toFixed(1)} %)` : "";
  return `Labelled rows: ${rows.right} of ${rows.count} right${share}.\n`;
}
