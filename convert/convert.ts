// Converts a checkpoint and its tokenizer into a GGUF file: reads, has the family plan the file, quantizes, writes.
import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import { checkDestination, nameOf } from "../base/destination.ts";
import { QragError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import {
  checkExit,
  checkNumbers,
  checkOpinion,
  checkScripts,
  modelMetadata,
} from "../gguf/architecture.ts";
import type { Metadata } from "../gguf/format.ts";
import { addon } from "../native/loader.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import type { Family, ModelPlan } from "./architectures/family.ts";
import { families, familyOf } from "./architectures/registry.ts";
import { openCheckpoint } from "./checkpoint/checkpoint.ts";
import { halfOf } from "./checkpoint/pair.ts";
import { checkInput } from "./errors.ts";
import type { ConvertOptions } from "./options.ts";
import type { ConvertReport } from "./report.ts";
import { readTokenizerFile } from "./tokenizer_file.ts";
import type { RowCodec } from "./write/quantize.ts";
import { planTargets, routerTargets } from "./write/targets.ts";
import { storable, writeModel } from "./write/write_model.ts";

export async function convertCheckpoint(
  given: ConvertOptions,
  codec: RowCodec = addon(),
): Promise<ConvertReport> {
  checkDestination(given.output, given.force ?? false);
  checkReads(given);
  const { config, companions, ...checkpoint } = await openCheckpoint(given.checkpoint);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    const half = halfOf(checkpoint.tensors, given.encoder);
    const tensors = half?.tensors ?? checkpoint.tensors;
    const options = half ? { ...pairOptions, ...definedIn(given) } : given;
    const tokenizerJson = await readTokenizerFile(options.tokenizer, companions);
    const family = familyOf(config, tensors);
    refuseForeign(family, options);
    const plan = await family.plan({
      ...{ tensors, config, companions, tokenizerJson, options },
      tokenizer() {
        tokenizer ??= openTokenizer(tokenizerJson);
        return tokenizer;
      },
    });
    refuseUnread(plan, options);
    // What cannot be stored is refused before anything is tried out.
    storable(() => checkNumbers(plan.architecture, plan.numbers));
    const { earlyExit, secondOpinion } = options;
    if (earlyExit) checkInput(() => checkExit(earlyExit, plan.numbers, secondOpinion));
    const settled = (await plan.settle?.(codec)) ?? plan;
    const { targets, missing, notes } = planTargets(settled, options);
    const router = routerTargets(settled.router);
    const metadata = metadataOf(settled, tokenizerJson, options);
    const all = [...targets, ...router.targets];
    const written = await writeModel(options.output, metadata, all, { ...options, codec });
    const { architecture, numbers, output, frame, wiring } = settled;
    return {
      ...written,
      output: nameOf(options.output),
      type: options.type,
      checkpoint: { format: checkpoint.format, configSource: checkpoint.configSource },
      model: { architecture: architecture.name, output, frame },
      numbers,
      dropped: [...(half?.dropped ?? []), ...settled.dropped, ...router.dropped],
      missing,
      wiring,
      notes: [...checkpoint.notes, ...(half?.notes ?? []), ...settled.notes, ...notes],
    };
  } finally {
    tokenizer?.dispose();
    await checkpoint.close();
  }
}

/** How the encoders of a pair make their vectors. */
const pairOptions = { pooling: "mean", normalize: false } as const;

/** What is undefined would hide it. */
function definedIn(options: ConvertOptions): ConvertOptions {
  const stated = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(stated) as unknown as ConvertOptions;
}

function checkReads({ scripts, languages, secondOpinion }: ConvertOptions): void {
  if (scripts) checkInput(() => checkScripts("scripts", scripts));
  if (secondOpinion) checkInput(() => checkOpinion(secondOpinion));
  const strange = languages?.find((code) => !/^[a-z]{2,3}$/.test(code));
  if (strange === undefined) return;
  const message = `${quote(strange)} is not a language's code: two or three lower-case letters, such as "en"`;
  throw new QragError("INPUT_INVALID", message);
}

/** These are about pairs, and a model for vectors is not given pairs. */
function refuseUnread({ output }: ModelPlan, options: ConvertOptions): void {
  if (output.kind !== "vector") return;
  const option = (["scripts", "languages", "secondOpinion", "earlyExit"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (option === undefined) return;
  const message = `${flagOf(option)} is for models that judge, and this one gives vectors`;
  throw new QragError("INPUT_INVALID", message);
}

/** An option that another family alone takes would change nothing. */
function refuseForeign(family: Family, options: ConvertOptions): void {
  for (const other of families) {
    const option = other.options.find(
      (name) => options[name] !== undefined && !family.options.includes(name),
    );
    if (option === undefined) continue;
    throw new QragError(
      "INPUT_INVALID",
      `${flagOf(option)} is for ${other.name}, and the checkpoint is ${family.name}`,
    );
  }
}

function flagOf(option: string): string {
  const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return option === "proof" ? "--no-proof" : `--${name}`;
}

function metadataOf(
  { wiring, dropped, architecture, ...plan }: ModelPlan,
  tokenizerJson: string,
  { name, checkpoint, type, scripts, languages, secondOpinion, earlyExit }: ConvertOptions,
): Metadata {
  return storable(() =>
    modelMetadata({
      ...plan,
      architecture: architecture.name,
      name: name ?? modelName(checkpoint),
      fileType: type,
      scripts,
      languages,
      secondOpinion,
      earlyExit,
      tokenizerJson,
      conversionReport: JSON.stringify({ wiring, dropped }),
    }),
  );
}

/** The name of a folder may end with what looks like an extension: a version. */
function modelName(path: string): string {
  return statSync(path).isDirectory() ? basename(path) : basename(path, extname(path));
}
