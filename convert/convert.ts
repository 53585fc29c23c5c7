// Converts a checkpoint and its tokenizer into a GGUF file: reads, has the family plan the file, quantizes, writes.
import { basename, extname } from "node:path";
import { checkFree } from "../base/atomic_file.ts";
import { QragError } from "../base/errors.ts";
import { checkNumbers, modelMetadata } from "../gguf/architecture.ts";
import type { Metadata } from "../gguf/format.ts";
import { fileSource } from "../gguf/source.ts";
import { addon } from "../native/loader.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import type { ModelPlan } from "./architectures/family.ts";
import { familyOf } from "./architectures/registry.ts";
import { openCheckpoint } from "./checkpoint/checkpoint.ts";
import type { ConvertOptions } from "./options.ts";
import type { ConvertReport } from "./report.ts";
import type { RowCodec } from "./write/quantize.ts";
import { planTargets, routerTargets } from "./write/targets.ts";
import { storable, writeModel } from "./write/write_model.ts";

/** A tokenizer.json has at most some tens of megabytes; the tokenizer checks its length again. */
const maxTokenizerBytes = 128 * 1024 * 1024;

export async function convertCheckpoint(
  options: ConvertOptions,
  codec: RowCodec = addon(),
): Promise<ConvertReport> {
  checkFree(options.output, options.force ?? false);
  const tokenizerJson = await readTokenizerFile(options.tokenizer);
  const { tensors, config, ...checkpoint } = await openCheckpoint(options.checkpoint);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    const plan = await familyOf(config, tensors).plan({
      tensors,
      config,
      tokenizerJson,
      tokenizer() {
        tokenizer ??= openTokenizer(tokenizerJson);
        return tokenizer;
      },
      options,
    });
    // What cannot be stored is refused before anything is tried out.
    storable(() => checkNumbers(plan.architecture, plan.numbers));
    const settled = (await plan.settle?.(codec)) ?? plan;
    const { targets, missing, notes } = planTargets(settled, options);
    const router = routerTargets(settled.router);
    const metadata = metadataOf(settled, tokenizerJson, options);
    const all = [...targets, ...router.targets];
    const written = await writeModel(options.output, metadata, all, { ...options, codec });
    const { architecture, numbers, output, frame, wiring } = settled;
    return {
      ...written,
      output: options.output,
      type: options.type,
      checkpoint: { format: checkpoint.format, configSource: checkpoint.configSource },
      model: { architecture: architecture.name, output, frame },
      numbers,
      dropped: [...settled.dropped, ...router.dropped],
      missing,
      wiring,
      notes: [...checkpoint.notes, ...settled.notes, ...notes],
    };
  } finally {
    tokenizer?.dispose();
    await checkpoint.close();
  }
}

function metadataOf(
  { wiring, dropped, architecture, ...plan }: ModelPlan,
  tokenizerJson: string,
  { name, checkpoint, type }: ConvertOptions,
): Metadata {
  return storable(() =>
    modelMetadata({
      ...plan,
      architecture: architecture.name,
      name: name ?? basename(checkpoint, extname(checkpoint)),
      fileType: type,
      scripts: undefined,
      tokenizerJson,
      conversionReport: JSON.stringify({ wiring, dropped }),
    }),
  );
}

async function readTokenizerFile(path: string): Promise<string> {
  try {
    const source = await fileSource(path);
    try {
      if (source.size > maxTokenizerBytes) throw new RangeError("it is too large");
      const bytes = await source.read(0, source.size);
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } finally {
      await source.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new QragError("TOKENIZER_UNSUPPORTED", `${path} cannot be read: ${reason}`, {
      cause: error,
    });
  }
}
