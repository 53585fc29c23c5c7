// Converts a checkpoint and its tokenizer into a GGUF file: reads, finds the roles, proves the wiring, quantizes, writes.
import { basename, extname } from "node:path";
import { checkFree } from "../base/atomic_file.ts";
import { QragError } from "../base/errors.ts";
import { type Decision, type Hyperparameters, modelMetadata } from "../gguf/architecture.ts";
import { GgufError, type Metadata, type TensorTypeName } from "../gguf/format.ts";
import { checkPrompt, defaultSystem, defaultTemplate, type Prompt } from "../gguf/prompt.ts";
import { fileSource } from "../gguf/source.ts";
import { addon } from "../native/loader.ts";
import { type BackgroundTokenizer, openTokenizer } from "../native/tokenizer/background.ts";
import { readTokenizer } from "../native/tokenizer/tokenizer.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint/checkpoint.ts";
import { knownWiring, type StatedWiring } from "./proof/known_wiring.ts";
import { type ProofOptions, prove } from "./proof/proof.ts";
import { statedWiring, type WiringProof } from "./proof/wiring.ts";
import type { ConvertReport, FileFormat } from "./report.ts";
import { readConfigNumbers } from "./roles/config_numbers.ts";
import { type LayoutOptions, layOut, type ModelPlan } from "./roles/model_plan.ts";
import { assignRoles, type RoleMap, type Roles } from "./roles/roles.ts";
import { findDecision } from "./write/decision.ts";
import type { RowCodec } from "./write/quantize.ts";
import { planTargets, routerTargets } from "./write/targets.ts";
import { ggmlVocabulary, type Vocabulary } from "./write/vocabulary.ts";
import type { Wiring } from "./write/weights.ts";
import { storable, writeModel } from "./write/write_model.ts";

export interface ConvertOptions extends StatedWiring, LayoutOptions, ProofOptions {
  readonly checkpoint: string;
  /** Path of the tokenizer.json. */
  readonly tokenizer: string;
  readonly output: string;
  readonly type: TensorTypeName;
  /** The type of token_embd.weight, if it is to be another. */
  readonly embeddingType?: TensorTypeName | undefined;
  readonly layout?: FileFormat | undefined;
  /** Keep the whole head beside the decision rows. */
  readonly keepLmHead?: boolean | undefined;
  readonly map?: RoleMap | undefined;
  readonly prompt?: Prompt | undefined;
  readonly name?: string | undefined;
  /** False skips trying the wiring out, which then must be known. */
  readonly proof?: boolean | undefined;
  /** Replace the output if it is there. */
  readonly force?: boolean | undefined;
}

/** A tokenizer.json has at most some tens of megabytes; the tokenizer checks its length again. */
const maximumTokenizerBytes = 128 * 1024 * 1024;

export async function convertCheckpoint(
  options: ConvertOptions,
  codec: RowCodec = addon(),
): Promise<ConvertReport> {
  checkFree(options.output, options.force ?? false);
  const prompt = options.prompt ?? { system: defaultSystem, template: defaultTemplate };
  checkTemplate(prompt);
  const tokenizerJson = await tokenizerText(options.tokenizer);
  const checkpoint = await openCheckpoint(options.checkpoint);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    tokenizer = openTokenizer(tokenizerJson);
    const model = await understand(checkpoint, tokenizerJson, tokenizer, prompt, options, codec);
    const { layout, decision, proof, vocabulary, roles } = model;
    const numbers = numbersOf(layout, decision, proof.wiring);
    const fileLayout = options.layout ?? "qrag";
    const plan = planTargets(layout, numbers, decision, proof.wiring, {
      type: options.type,
      embeddingType: options.embeddingType ?? options.type,
      fileLayout,
      keepLmHead: options.keepLmHead ?? false,
    });
    const router = routerTargets(fileLayout === "llama" ? new Map() : roles.router);
    const metadata = composeMetadata(model, numbers, options);
    const targets = [...plan.targets, ...router.targets];
    const written = await writeModel(options.output, metadata, targets, { ...options, codec });
    const { format, configSource } = checkpoint;
    return {
      ...written,
      output: options.output,
      type: options.type,
      layout: fileLayout,
      checkpoint: { format, configSource },
      numbers,
      dropped: [...roles.dropped, ...router.dropped],
      missing: plan.missing,
      decision,
      wiring: proof,
      notes: [
        ...checkpoint.notes,
        ...layout.notes,
        ...model.notes,
        ...vocabulary.notes,
        ...plan.notes,
      ],
    };
  } finally {
    tokenizer?.dispose();
    await checkpoint.close();
  }
}

/** Everything that had to be found out before a byte is written. */
interface Understood {
  readonly roles: Roles;
  readonly layout: ModelPlan;
  readonly decision: Decision;
  readonly proof: WiringProof;
  readonly prompt: Prompt;
  readonly tokenizerJson: string;
  readonly vocabulary: Vocabulary;
  readonly notes: readonly string[];
}

/** The same before the wiring is proved. */
type Settled = Omit<Understood, "proof" | "notes"> & Partial<Understood>;

async function understand(
  checkpoint: Checkpoint,
  tokenizerJson: string,
  tokenizer: BackgroundTokenizer,
  prompt: Prompt,
  options: ConvertOptions,
  codec: RowCodec,
): Promise<Understood> {
  const roles = assignRoles(checkpoint.tensors, options.map);
  const config = readConfigNumbers(checkpoint.config);
  const layout = layOut(roles, config, options);
  const { vocabularySize } = layout.sizes;
  const decision = findDecision(tokenizer, vocabularySize);
  const parts = readTokenizer(tokenizerJson);
  const vocabulary = ggmlVocabulary(tokenizerJson, parts, vocabularySize, prompt);
  const known = await knownWiring(options, config, layout, checkpoint.tensors);
  const found = { roles, layout, decision, prompt, tokenizerJson, vocabulary };
  // What cannot be stored is refused before anything is tried out.
  composeMetadata(found, numbersOf(layout, decision, likely), options);
  const { proof, notes } =
    options.proof === false
      ? { proof: statedWiring(known), notes: [] }
      : await prove({ layout, decision, tokenizer, prompt, known }, codec, options);
  return { ...found, proof, notes };
}

/** Numbers that any file may hold, in place of those that are still open. */
const likely = { normEpsilon: 1e-5, ropeBase: 10_000 };

function numbersOf(
  { sizes }: ModelPlan,
  { tokenIds }: Decision,
  { normEpsilon, ropeBase }: Pick<Wiring, "normEpsilon" | "ropeBase">,
): Hyperparameters {
  return { ...sizes, outputCount: tokenIds.length, normEpsilon, ropeFreqBase: ropeBase };
}

function composeMetadata(
  { decision, layout, proof, prompt, roles, tokenizerJson, vocabulary }: Settled,
  numbers: Hyperparameters,
  options: ConvertOptions,
): Metadata {
  const name = options.name ?? basename(options.checkpoint, extname(options.checkpoint));
  const architecture = options.layout ?? "qrag";
  if (architecture === "llama" && !vocabulary.metadata) {
    throw new QragError(
      "TOKENIZER_UNSUPPORTED",
      "llama.cpp has no tokenizer of the kind in tokenizer.json, so there is no llama layout of this model",
    );
  }
  return storable(() =>
    modelMetadata({
      architecture,
      numbers,
      name,
      fileType: options.type,
      output: decision,
      frame: { kind: "prompt", ...prompt },
      scripts: undefined,
      tokenizerJson,
      tiedEmbeddings: !layout.pieces.has("output.weight"),
      conversionReport: JSON.stringify({ wiring: proof, dropped: roles.dropped }),
      vocabulary: vocabulary.metadata,
    }),
  );
}

function checkTemplate(prompt: Prompt): void {
  try {
    checkPrompt(prompt);
  } catch (error) {
    if (!(error instanceof GgufError)) throw error;
    throw new QragError("INPUT_INVALID", error.message, { cause: error });
  }
}

async function tokenizerText(path: string): Promise<string> {
  try {
    const source = await fileSource(path);
    try {
      if (source.size > maximumTokenizerBytes) throw new RangeError("it is too large");
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
