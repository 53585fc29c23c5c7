// qrag calibrate: where to draw the line for a user's own domain.
import { basename } from "node:path";
import { checkDestination, type Destination, writeTo } from "../../base/destination.ts";
import { type Calibration, calibrationFormat, calibrationVersion } from "../calibration.ts";
import { type CalibrationResult, calibrate, type Rates } from "../eval/calibrate.ts";
import { percent, range } from "../eval/report.ts";
import { rowsHelp } from "../eval/rows.ts";
import { gateScorer, scoreAll } from "../eval/scorer.ts";
import { isHubName } from "../hub/reference.ts";
import { modelDigest, modelPath } from "../model/files.ts";
import {
  gateEmbedder,
  parseArguments,
  positiveNumber,
  required,
  UsageError,
  wholeNumber,
} from "./arguments.ts";
import { type Command, exitCodes, localModel, withGate } from "./command.ts";
import { destinationOf } from "./destination.ts";
import { printable, table, tell, writeJson, writeReport } from "./output.ts";
import { progressBar } from "./progress.ts";
import { readRows } from "./rows.ts";

const help = `Usage: qrag calibrate --rows FILE [options]

Says how often the gate errs on your rows, finds the offset that gives the precision you want, and writes it to a file
beside the model. Nothing changes by itself: the offset counts where you pass the file, as --calibration FILE or as
loadGate(path, { calibration: "FILE" }), and only for this very model. The rows should be what the gate will meet, in
the same proportion of relevant and irrelevant: precision depends on it.

Options:
      --rows FILE       ${rowsHelp}
      --precision P     share of accepted passages that are to be relevant (default 0.95)
  -o, --output FILE     default: MODEL.calibration.json, but none for hf:owner/repo; - for standard output
      --force           replace a file that is there
  -m, --model PATH      the GGUF file, or hf:owner/repo; default: QRAG_MODEL, then the installed model
      --gate-embedder P     as in qrag filter: the offset counts only where it is the same
      --threads N       threads that compute
      --json            print JSON
  -h, --help            print this help

Example:
  qrag calibrate --model model.gguf --rows mine.jsonl --precision 0.98
  qrag filter --model model.gguf --calibration model.gguf.calibration.json -q "capital of Germany" passages.jsonl
`;

/** What is written: what the loader needs, and what was measured. */
type Sidecar = Calibration & { readonly model: string } & Omit<CalibrationResult, "offset">;

export const command: Command = {
  help,
  async run(args, io) {
    const { values } = parseArguments(
      args,
      {
        rows: { type: "string" },
        precision: { type: "string", default: "0.95" },
        output: { type: "string", short: "o" },
        force: { type: "boolean" },
        model: { type: "string", short: "m" },
        "gate-embedder": { type: "string" },
        threads: { type: "string" },
      } as const,
      [],
    );
    const rowsPath = required(values.rows, "--rows");
    const wanted = positiveNumber(values.precision, "--precision")!;
    if (wanted > 1) throw new UsageError("--precision is a share: at most 1");
    const threads = wholeNumber(values.threads, "--threads");
    const embedder = gateEmbedder(values["gate-embedder"]);
    const model = values.model ?? (io.env.QRAG_MODEL || undefined);
    if (model !== undefined && isHubName(model)) required(values.output, "--output");
    const path = modelPath(await localModel(io, model));
    const { json, force = false } = values;
    const output = destinationOf(io, values.output ?? `${path}.calibration.json`, {
      ...{ option: "--output", json },
    });
    checkDestination(output, force);
    const rows = await readRows(io, rowsPath);
    const { signal } = io;
    const sha256 = await modelDigest(path, signal);
    let asked: string | undefined;
    // Where the line will lie is not known yet: no margin is guessed.
    const exact = { model: path, threads, embedder, earlyExit: false };
    const { scores } = await withGate(io, exact, (gate) => {
      asked = gate.info.embedder;
      const bar = progressBar(io, "judging");
      const settings = { signal, onProgress: bar.update };
      return scoreAll(gateScorer(gate), rows, settings).finally(bar.clear);
    });
    const scored = rows.map(({ query, label }, index) => ({ query, label, score: scores[index]! }));
    const result = calibrate(scored, wanted);
    const head = { format: calibrationFormat, version: calibrationVersion, sha256 } as const;
    const opinion = asked === undefined ? {} : { embedder: asked };
    const sidecar: Sidecar = { ...head, ...opinion, model: basename(path), ...result };
    await writeTo(output, { force, signal }, (sink) =>
      sink.write(Buffer.from(`${JSON.stringify(sidecar, undefined, 2)}\n`)),
    );
    if (json) await writeJson(io, { output, ...sidecar });
    else if (typeof output === "string") await writeReport(io, reportText(result, output));
    else tell(io, reportText(result, output));
    return exitCodes.done;
  },
};

function reportText(result: CalibrationResult, output: Destination): string {
  const { rows, queries, relevant, offset, atZero, atOffset, crossValidated } = result;
  const line = (name: string, above: string, rates: Rates) => [
    name,
    above,
    rates.accepted,
    percent(rates.precision),
    range(rates.precisionInterval),
    percent(rates.recall),
    percent(rates.falseAcceptance),
  ];
  const head = ["", "ABOVE", "ACCEPTED", "PRECISION", "95 %", "RECALL", "IRRELEVANT ACCEPTED"];
  return [
    `${rows} rows of ${queries} queries, ${relevant} relevant\n`,
    table(head, [
      line("as it is", "0", atZero),
      line("calibrated", offset.toFixed(4), atOffset),
      line("cross-validated", "", crossValidated),
    ]),
    `${advice(result)}\n${writtenText(output)}\n`,
  ].join("\n");
}

function writtenText(output: Destination): string {
  if (typeof output !== "string") return `Written to ${output.name}. It counts where you pass it.`;
  const path = printable(output);
  return `Written to ${path}. It counts where you pass it: --calibration ${path}`;
}

function advice({ vouched, wanted }: CalibrationResult): string {
  const share = percent(wanted);
  return vouched
    ? `These rows vouch for ${share}: it is below the whole interval.`
    : `These rows do not vouch for ${share}: the precision may be as low as the interval's lower end. More rows narrow it.`;
}
