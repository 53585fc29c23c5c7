// qrag verify: what can be checked of a converted model without its checkpoint.
import type { WiringProof } from "../../convert/proof/wiring.ts";
import { describeModel, type ModelDescription } from "../../gguf/architecture.ts";
import { rowsHelp } from "../eval/rows.ts";
import type { GateInfo } from "../gate_info.ts";
import { readModelFile } from "../model/files.ts";
import { parseArguments, UsageError, wholeNumber } from "./arguments.ts";
import { type Checks, check } from "./check.ts";
import { type Command, exitCodes, localModel, withGate } from "./command.ts";
import { table, writeJson, writeReport } from "./output.ts";
import { progressBar } from "./progress.ts";
import { outputText, storedWiring, wiringText } from "./report.ts";
import { readRows } from "./rows.ts";
import { checkEncoder, encoderHolds, encoderText } from "./verify_encoder.ts";

const help = `Usage: qrag verify [options] [MODEL]

Of a decoder: how it was wired at its conversion, its decision rows, how often they agree with the whole vocabulary,
the three examples of the model's card, and how many labelled rows it gets right, by the reference engine. Of an
encoder, whose names tell its wiring: whether its two engines agree, and whether it tells answers from other passages.

Options:
      --rows FILE     labelled rows to judge: ${rowsHelp}
      --exit-code     exit with 1 when an example is wrong, or the semantics or the engines disagree
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
    const path = await localModel(io, positionals[0] ?? (io.env.QRAG_MODEL || undefined));
    const description = describeModel((await readModelFile(path)).file);
    const { output } = description;
    if (output.kind === "vector" && rows) {
      throw new UsageError("--rows is for models that judge, and this one gives vectors");
    }
    if (output.kind !== "decision") {
      const checks = await checkEncoder(io, path, output, { threads, rows });
      const { architecture, name, numbers, frame, scripts } = description;
      const model = { architecture, name, numbers, output, frame, scripts };
      if (values.json) await writeJson(io, { model, ...checks });
      else await writeReport(io, `${descriptionText(description)}\n${encoderText(checks)}`);
      return values["exit-code"] && !encoderHolds(checks) ? exitCodes.no : exitCodes.done;
    }
    const { info, checks } = await withGate(
      io,
      { model: path, threads, engine: "reference", embedder: false },
      async (gate) => {
        const bar = progressBar(io, "judging");
        const work = check(gate, rows, { signal: io.signal, bar });
        return { info: gate.info, checks: await work.finally(bar.clear) };
      },
    );
    const wiring = storedWiring(description.conversionReport);
    if (values.json) await writeJson(io, { info, wiring, ...checks });
    else await writeReport(io, reportText(info, wiring, checks));
    return values["exit-code"] && !holds(checks) ? exitCodes.no : exitCodes.done;
  },
};

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

/** An encoder, as its file describes it. */
function descriptionText(description: ModelDescription): string {
  const { architecture, name, numbers, output, frame, scripts, fileTypes } = description;
  const { blockCount, embeddingLength, headCount, contextLength } = numbers;
  const texts: [string, string][] =
    frame.kind === "text"
      ? [
          ["query text", frame.query],
          ["passage text", frame.passage],
        ]
      : [];
  return table(
    ["MODEL", name ?? ""],
    [
      ["architecture", architecture],
      ["gives", outputText(output)],
      ["size", `${blockCount} blocks of ${embeddingLength}, ${headCount} heads`],
      ["weights", fileTypes.map(({ type }) => type).join(", ")],
      ["context", `${contextLength} tokens`],
      ...texts.map(([what, text]) => [what, JSON.stringify(text)]),
      ["scripts", scripts?.join(", ") ?? "not stated"],
    ],
  );
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
