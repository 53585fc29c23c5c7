// qrag embed: texts become vectors, one a line.
import { loadEmbedder } from "../load_embedder.ts";
import { vectorNumbers } from "../vector_numbers.ts";
import { oneOf, parseArguments, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Io } from "./io.ts";
import { readInput } from "./lines.ts";
import { loadingBar } from "./loading_bar.ts";
import { writeLine } from "./output.ts";
import { formatHelp, passageFormats, passagesHelp, passagesOf } from "./passages.ts";

const help = `Usage: qrag embed [options] [FILE|-]

Reads texts and prints their vectors in the same order, each as a JSON array of numbers. Texts are
${passagesHelp}.
Blank lines are skipped: with --json each vector has the number of its line, or of its element in an array.

Options:
  -m, --model PATH    the GGUF file of an embedding model, or hf:owner/repo; default: QRAG_EMBEDDER, or the
                      package's own
      --as USE        query or passage: some models want other words before each; default passage
      --long RULE     cut a text at the model's context, or average its windows; default cut
      --dimensions N  keep the first N dimensions, for models trained to be cut
      --format F      ${formatHelp}
      --threads N     threads that compute
      --json          print {line, vector} objects; lines are numbered from 1, blank ones included
  -h, --help          print this help

Example:
  qrag embed --as query questions.txt
`;

const options = {
  model: { type: "string", short: "m" },
  as: { type: "string", default: "passage" },
  long: { type: "string", default: "cut" },
  dimensions: { type: "string" },
  format: { type: "string", default: "auto" },
  threads: { type: "string" },
} as const;

/** Texts embedded in one call: enough to fill the engine's batches, few enough to print soon. */
const together = 64;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, options, ["FILE"], 0);
    const path = values.model ?? (io.env.QRAG_EMBEDDER || undefined);
    const embedding = {
      as: oneOf(values.as, ["query", "passage"], "--as"),
      long: oneOf(values.long, ["cut", "average"], "--long"),
      dimensions: wholeNumber(values.dimensions, "--dimensions"),
      signal: io.signal,
    };
    const format = oneOf(values.format, passageFormats, "--format");
    const threads = wholeNumber(values.threads, "--threads");
    const bar = loadingBar(io);
    const embedder = await loadEmbedder(path, {
      threads,
      signal: io.signal,
      onProgress: bar.update,
    }).finally(bar.clear);
    try {
      for await (const lines of groups(passagesOf(readInput(io, positionals[0]), format))) {
        const texts = lines.map(({ passage }) => passage);
        const vectors = await embedder.embed(texts, embedding);
        for (const [index, { number }] of lines.entries()) {
          await writeVector(io, vectors[index]!, values.json ? number : undefined);
        }
      }
    } finally {
      await embedder.dispose();
    }
    return exitCodes.done;
  },
};

async function* groups<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < together) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function writeVector(io: Io, vector: Float32Array, line: number | undefined): Promise<void> {
  const numbers = vectorNumbers(vector);
  await writeLine(io, JSON.stringify(line === undefined ? numbers : { line, vector: numbers }));
}
