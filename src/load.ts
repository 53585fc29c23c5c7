// loadGate: puts a gate together from a model file.
import { QragError } from "../base/errors.ts";
import type { ModelDescription } from "../gguf/architecture.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { type Calibration, checkOpinionOf, readCalibration } from "./calibration.ts";
import { pairEncoder } from "./frames.ts";
import { Gate } from "./gate.ts";
import type { GateInfo } from "./gate_info.ts";
import { loadLlama } from "./llama/load.ts";
import { computing, kernelsFor, parametersOf } from "./model/computing.ts";
import { modelPath } from "./model/files.ts";
import { type LoadedModel, loadModel } from "./model/load.ts";
import { namedModel } from "./model/named.ts";
import { checkLoadOptions, checkPath, checkThreads, type LoadOptions } from "./options.ts";
import { type ScoringModel, ScoringQueue } from "./queue/scoring_queue.ts";
import { refusals } from "./refusal/refusal.ts";
import { type OpinionOptions, openOpinion, type SecondOpinion } from "./second_opinion.ts";
import { marginOf } from "./verdict.ts";

/** How a loaded model computes. */
type Computing = Pick<GateInfo, "engine" | "device" | "fullVocabulary" | "earlyExit">;

/**
 * Loads a model: the one the package came with, the GGUF file at `path`, or that of "hf:owner/repo", which is downloaded
 * and converted once. Dispose the gate when it is no longer needed (`await using gate = await loadGate()`), it holds
 * the model's whole memory.
 */
export async function loadGate(path?: string, options?: LoadOptions): Promise<Gate> {
  const {
    threads: wanted,
    backend,
    engine = "fast",
    gpu = "auto",
    calibration: file,
    embedder,
    earlyExit,
    ...rest
  } = checkLoadOptions(options);
  const threads = checkThreads(wanted);
  const name = await namedModel(checkPath(path), rest);
  const calibration =
    file === undefined ? undefined : await readCalibration(file, modelPath(name), rest.signal);
  const opinion = (loaded: Loaded) =>
    opinionOf(loaded, calibration && { ...calibration, path: file! }, {
      ...{ embedder, threads, engine, signal: rest.signal },
    });
  if (backend === "llama") {
    const loaded = await loadLlama(name, { threads, gpu, ...rest });
    const { device } = loaded.model;
    const none = { fullVocabulary: false, earlyExit: undefined };
    const computing: Computing = { engine: "llama", device, ...none };
    return gateOf(loaded, threads, computing, calibration, await opinion(loaded));
  }
  const kernels = kernelsFor(engine);
  // What a calibration would let pass is not guessed.
  const exitBelow = earlyExit === false ? -Infinity : calibration?.offset;
  const loaded = await loadModel(name, { threads, kernels, exitBelow, ...rest });
  return gateOf(loaded, threads, nativeComputing(loaded), calibration, await opinion(loaded));
}

/** The second opinion that the file asks for, unless the caller does without. When this fails, nothing stays open. */
async function opinionOf(
  { path, description, tokenizer, model }: Loaded,
  calibration: (Calibration & { readonly path: string }) | undefined,
  { embedder, ...options }: Omit<OpinionOptions, "embedder"> & Pick<LoadOptions, "embedder">,
): Promise<SecondOpinion | undefined> {
  const { secondOpinion: terms } = description;
  try {
    if (embedder && !terms) throw asksNobody(path);
    const asked = embedder === false ? undefined : terms;
    if (calibration) checkOpinionOf(calibration, asked?.embedder);
    return asked && (await openOpinion(asked, { ...options, embedder: embedder || undefined }));
  } catch (error) {
    tokenizer.dispose();
    await model.dispose();
    throw error;
  }
}

function asksNobody(path: string): QragError {
  return new QragError(
    "INPUT_INVALID",
    `${path} asks no embedder for a second opinion: leave the option embedder out`,
  );
}

/** The fast engine keeps nothing but what decides. */
function nativeComputing({ model, earlyExit: exit, fullHead }: LoadedModel): Computing {
  const { engine, device } = computing(model);
  return {
    engine,
    device,
    fullVocabulary: fullHead && engine === "reference",
    earlyExit: exit && { blocks: exit.blocks, below: exit.below },
  };
}

/** What every backend gives. */
interface Loaded {
  readonly path: string;
  readonly description: ModelDescription;
  readonly tokenizer: BackgroundTokenizer;
  readonly model: ScoringModel;
}

function gateOf(
  { path, description, tokenizer, model }: Loaded,
  threads: number,
  computing: Computing,
  calibration: Calibration | undefined,
  secondOpinion: SecondOpinion | undefined,
): Gate {
  const { architecture, numbers, name, output, scripts, languages, fileTypes } = description;
  const encoder = pairEncoder(description.frame, tokenizer);
  const margin = marginOf(output);
  if (!encoder || !margin) {
    tokenizer.dispose();
    void model.dispose();
    throw givesVectors(path);
  }
  const tokens = output.kind === "decision" ? output : { tokenIds: [], labels: [] };
  return new Gate({
    queue: new ScoringQueue(model, numbers.outputCount),
    encoder: { ...encoder, contextLength: numbers.contextLength },
    tokenizer,
    margin,
    secondOpinion,
    refuse: refusals(description),
    info: {
      path,
      name,
      architecture,
      numbers,
      parameters: parametersOf(description),
      weightTypes: fileTypes.map(({ type }) => type),
      contextLength: numbers.contextLength,
      threads,
      decision: tokens.tokenIds.map((id, row) => ({
        id,
        text: tokenizer.decodeToken(id),
        label: tokens.labels[row]!,
      })),
      scripts,
      languages,
      embedder: secondOpinion && description.secondOpinion?.embedder,
      offset: calibration?.offset ?? 0,
      calibrated: calibration !== undefined,
      ...computing,
      // Neither an offset nor an opinion means anything to the whole vocabulary.
      fullVocabulary: computing.fullVocabulary && !calibration && !secondOpinion,
    },
  });
}

function givesVectors(path: string): QragError {
  return new QragError(
    "MODEL_UNSUPPORTED",
    `${path} gives vectors, not verdicts. Use loadEmbedder, or load a gate or a cross-encoder.`,
  );
}
