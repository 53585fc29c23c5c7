// loadGate: puts a gate together from a model file.
import { QragError } from "../base/errors.ts";
import { decisionTensor, type ModelDescription } from "../gguf/architecture.ts";
import type { NativeModel } from "../native/contract.ts";
import { addon } from "../native/loader.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { type Calibration, readCalibration } from "./calibration.ts";
import { pairEncoder } from "./frames.ts";
import { Gate } from "./gate.ts";
import type { GateInfo } from "./gate_info.ts";
import { loadLlama } from "./llama/load.ts";
import { modelPath } from "./model/files.ts";
import { type LoadedModel, loadModel } from "./model/load.ts";
import { namedModel } from "./model/named.ts";
import { checkLoadOptions, checkPath, checkThreads, type LoadOptions } from "./options.ts";
import { type ScoringModel, ScoringQueue } from "./queue/scoring_queue.ts";
import { refusals } from "./refusal/refusal.ts";
import { marginOf } from "./verdict.ts";

/** How a loaded model computes. */
type Computing = Pick<GateInfo, "engine" | "device" | "fullVocabulary">;

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
    ...rest
  } = checkLoadOptions(options);
  const threads = checkThreads(wanted);
  const name = await namedModel(checkPath(path), rest);
  const calibration =
    file === undefined ? undefined : await readCalibration(file, modelPath(name), rest.signal);
  if (backend === "llama") {
    const loaded = await loadLlama(name, { threads, gpu, ...rest });
    const { device } = loaded.model;
    return gateOf(loaded, threads, { engine: "llama", device, fullVocabulary: false }, calibration);
  }
  const loaded = await loadModel(name, { threads, kernels: kernelsFor(engine), ...rest });
  return gateOf(loaded, threads, nativeComputing(loaded), calibration);
}

/** QRAG_CPU forces a kernel set, to test or to compare it; empty means the best that this machine runs. */
export function kernelsFor(engine: "fast" | "reference"): string {
  return engine === "reference" ? engine : (process.env.QRAG_CPU ?? "");
}

/** Which of the two engines computes, and with which instructions. */
export function computing({ kernels }: Pick<NativeModel, "kernels">): {
  engine: "fast" | "reference";
  device: string;
} {
  return kernels === "reference"
    ? { engine: "reference", device: addon().version().instructionSet }
    : { engine: "fast", device: kernels };
}

/** The fast engine keeps nothing but what decides. */
function nativeComputing({ model, fullHead }: LoadedModel): Computing {
  const { engine, device } = computing(model);
  return { engine, device, fullVocabulary: fullHead && engine === "reference" };
}

/** Weights in all; the decision rows are a copy out of the head, and count for none. */
export function parametersOf({ output, tensors }: ModelDescription): number {
  const copied = output.kind === "decision" ? decisionTensor : undefined;
  return tensors
    .filter(({ name }) => name !== copied)
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
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
      offset: calibration?.offset ?? 0,
      calibrated: calibration !== undefined,
      ...computing,
      // An offset means nothing to the whole vocabulary.
      fullVocabulary: computing.fullVocabulary && calibration === undefined,
    },
  });
}

function givesVectors(path: string): QragError {
  return new QragError(
    "MODEL_UNSUPPORTED",
    `${path} gives vectors, not verdicts. Use loadEmbedder, or load a gate or a cross-encoder.`,
  );
}
