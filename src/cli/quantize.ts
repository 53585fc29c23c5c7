// qrag quantize: the same model with another weight type.
import type { WriteReport } from "../../convert/report.ts";
import { requantize } from "../../convert/requantize.ts";
import { parseArguments, required } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import { destinationOf, outputHelp } from "./destination.ts";
import { printable, tell, writeJson } from "./output.ts";
import { progressBar } from "./progress.ts";
import { notesText, tensorsText, typesText } from "./report.ts";
import {
  otherTypeOptions,
  otherTypes,
  otherTypesHelp,
  typeNames,
  weightType,
} from "./weight_type.ts";

const help = `Usage: qrag quantize MODEL.gguf --type TYPE -o OUT.gguf [options]

Writes a model again with another weight type. Norms, biases and heads that decide stay exact. Convert from the
checkpoint where you can: what an earlier quantization lost stays lost.

Options:
  -t, --type TYPE            ${typeNames}
${otherTypesHelp}
  -o, --output OUT           ${outputHelp}
      --force                replace a file that is there
      --json                 print the report as JSON on standard output
  -h, --help                 print this help

Example:
  qrag quantize model-f16.gguf --type q4_0 -o model-q4_0.gguf
`;

export const command: Command = {
  help,
  async run(args, io) {
    const options = {
      type: { type: "string", short: "t" },
      ...otherTypeOptions,
      output: { type: "string", short: "o" },
      force: { type: "boolean" },
    } as const;
    const { values, positionals } = parseArguments(args, options, ["MODEL.gguf"]);
    const bar = progressBar(io, "quantizing");
    const report = await requantize({
      input: positionals[0]!,
      output: destinationOf(io, required(values.output, "--output"), {
        ...{ option: "--output", json: values.json, binary: true },
      }),
      type: weightType(required(values.type, "--type"), "--type"),
      ...otherTypes(values),
      force: values.force,
      signal: io.signal,
      onProgress: bar.update,
    }).finally(bar.clear);
    if (values.json) await writeJson(io, report);
    else tell(io, reportText(report));
    return exitCodes.done;
  },
};

function reportText(report: WriteReport): string {
  const { output, bytes, notes } = report;
  return `${tensorsText(report)}${notesText(notes)}${printable(output)}: ${bytes} bytes, ${typesText(report)}\n`;
}
