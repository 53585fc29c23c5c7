// qrag mine: triples for training an embedding model, out of what the two sides of a store disagree on.
import { checkDestination, type Destination, nameOf, writeTo } from "../../base/destination.ts";
import { QragError } from "../../base/errors.ts";
import { questionsFrom } from "../mine/from_passages.ts";
import { type Mined, type Miner, type MiningSettings, mine } from "../mine/mine.ts";
import {
  type MiningQuestion,
  mostQuestions,
  questionsHelp,
  readMiningQuestions,
} from "../mine/questions.ts";
import type { Lack } from "../mine/triples.ts";
import { modelDigest, modelPath } from "../model/files.ts";
import type { Store } from "../store/store.ts";
import {
  gateOptions,
  modelHelp,
  modelOptions,
  parseArguments,
  positiveNumber,
  required,
  UsageError,
  wholeNumber,
} from "./arguments.ts";
import { type Command, exitCodes, localModel, withGate } from "./command.ts";
import { destinationOf, outputHelp } from "./destination.ts";
import type { Io } from "./io.ts";
import { jsonText, printable, tell, writeJson, writeReport } from "./output.ts";
import { progressBar } from "./progress.ts";
import { openLines } from "./rows.ts";
import {
  defaultStore,
  embedderHelp,
  storeOptions,
  withEmbedder,
  withStore,
} from "./store_options.ts";

const help = `Usage: qrag mine [STORE] -o FILE [options]

Finds what an embedding model can learn from a store: passages that only vectors or only keywords find for a question,
and that the gate judges not to answer it. Prints JSON lines {query, positive, negative, audit}; audit says where both
passages stand, how each side ranked them, the gate's margins, and with which models. STORE: default ${defaultStore}.

Questions, one of the two or both:
      --questions FILE
                      ${questionsHelp}
      --from-passages N
                      questions made from N passages: a heading or a sentence, which is cut out of the passage

Options:
  -o, --output FILE   ${outputHelp}
      --force         replace a file that is there
      --negatives N   triples of one question at most; default 4
      --min-margin M  how far from its line the gate has to be, on either side; default 1
      --seed N        which passages questions are made from; default 1
${embedderHelp}
${modelHelp("print a summary as JSON")}

Example:
  qrag mine --from-passages 1000 --embedder minilm.gguf -o triples.jsonl
`;

const options = {
  ...modelOptions,
  embedder: storeOptions.embedder,
  "state-embedder": storeOptions["state-embedder"],
  questions: { type: "string" },
  "from-passages": { type: "string" },
  negatives: { type: "string" },
  "min-margin": { type: "string" },
  seed: { type: "string" },
  output: { type: "string", short: "o" },
  force: { type: "boolean" },
} as const;

export const command: Command = {
  help,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, options, ["STORE"], 0);
    const { questions: path, json = false, force = false } = values;
    const made = wholeNumber(values["from-passages"], "--from-passages");
    if (path === undefined && made === undefined) {
      throw new UsageError("questions are missing: --questions FILE, or --from-passages N");
    }
    if ((made ?? 0) > mostQuestions) {
      throw new UsageError(`--from-passages is at most ${mostQuestions}`);
    }
    const output = destinationOf(io, required(values.output, "--output"), {
      option: "--output",
      json,
    });
    const settings = {
      negatives: wholeNumber(values.negatives, "--negatives") ?? 4,
      minMargin: positiveNumber(values["min-margin"], "--min-margin") ?? 1,
      seed: wholeNumber(values.seed, "--seed") ?? 1,
    };
    checkDestination(output, force);
    const given = path === undefined ? [] : await readMiningQuestions(openLines(io, path), path);
    const model = modelPath(await localModel(io, values.model ?? (io.env.QRAG_MODEL || undefined)));
    const gateDigest = await modelDigest(model, io.signal);
    const from = { store: positionals[0], stateEmbedder: values["state-embedder"] };
    // The opinion of the embedder that is to learn would teach it what it says.
    const { embedder: asked = false, ...gateSettings } = gateOptions(values);
    const judging = { ...gateSettings, embedder: asked };
    const mined = await withEmbedder(io, values.embedder, (embedder) =>
      withGate(io, { ...judging, model }, (gate) =>
        withStore(io, { ...from, readOnly: true }, embedder, async (store) => {
          const models = { embedder: await embedderDigest(store, embedder), gate: gateDigest };
          const questions =
            made === undefined
              ? given
              : [...given, ...(await questionsFrom(store, made, settings.seed, io.signal))];
          return mineInto(output, force, io, { store, gate }, questions, { ...settings, models });
        }),
      ),
    );
    await report(io, mined, output, json);
    return exitCodes.done;
  },
};

/** Of the store's vectors; without them there is nothing that keywords could disagree with. */
async function embedderDigest(store: Store, embedder: unknown): Promise<string> {
  const { model } = await store.stats();
  if (embedder && model) return model.sha256;
  throw new QragError(
    "INPUT_INVALID",
    embedder
      ? "The store is empty. Fill it with `qrag index PATH --embedder MODEL`."
      : "Mining compares vectors with keywords: pass the store's embedding model as --embedder.",
  );
}

/** The file appears when the last question is done. */
async function mineInto(
  output: Destination,
  force: boolean,
  io: Io,
  miner: Miner,
  questions: readonly MiningQuestion[],
  settings: MiningSettings,
): Promise<Mined> {
  const { signal } = io;
  const bar = progressBar(io, "mining");
  let mined: Mined | undefined;
  await writeTo(output, { force, signal }, async (sink) => {
    const watched = { ...settings, signal, onProgress: bar.update };
    mined = await mine(miner, questions, watched, async (triple) => {
      await sink.write(Buffer.from(`${jsonText(triple)}\n`));
    });
  }).finally(bar.clear);
  return mined!;
}

async function report(io: Io, mined: Mined, output: Destination, json: boolean): Promise<void> {
  if (json) return writeJson(io, { output: nameOf(output), ...mined });
  const { questions, withTriples, triples, lacks } = mined;
  const missing = Object.entries(lacks).filter(([, count]) => count > 0);
  const lines = [
    `${triples} triples of ${withTriples} questions, out of ${questions}`,
    ...missing.map(([lack, count]) => `${lackTexts[lack as Lack]}: ${count}`),
    `Written to ${printable(nameOf(output))}`,
  ];
  const text = lines.map((line) => `${line}\n`).join("");
  if (typeof output === "string") await writeReport(io, text);
  else tell(io, text);
}

const lackTexts: Readonly<Record<Lack, string>> = {
  "label not found": "without a passage that the labels name",
  "no positive": "without a passage that the gate is sure of",
  "no negative": "without a wrong passage that only one side finds",
  "too long": "too long for the gate",
};
