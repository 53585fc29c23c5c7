// loadGate: puts a gate together from a model file.
import { decisionTensor, type ModelDescription } from "../gguf/architecture.ts";
import { addon } from "../native/loader.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { type Calibration, readCalibration } from "./calibration.ts";
import { Gate, type GateInfo } from "./gate.ts";
import { loadLlama } from "./llama/load.ts";
import { modelPath } from "./model/files.ts";
import { decisionModel, type LoadedModel, loadModel } from "./model/load.ts";
import { checkLoadOptions, checkPath, checkThreads, type LoadOptions } from "./options.ts";
import { type ScoringModel, ScoringQueue } from "./queue/scoring_queue.ts";

/** How a loaded model computes. */
type Computing = Pick<GateInfo, "engine" | "device" | "fullVocabulary">;

/**
 * Loads a model: the one the package came with, or the GGUF file at `path`. Dispose the gate when it is no longer
 * needed (`await using gate = await loadGate()`), it holds the model's whole memory.
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
  const name = checkPath(path);
  const threads = checkThreads(wanted);
  const calibration =
    file === undefined ? undefined : await readCalibration(file, modelPath(name), rest.signal);
  if (backend === "llama") {
    const loaded = await loadLlama(name, { threads, gpu, ...rest });
    const { device } = loaded.model;
    return gateOf(loaded, threads, { engine: "llama", device, fullVocabulary: false }, calibration);
  }
  // QRAG_CPU forces a kernel set, to test or to compare it; empty means the best that this machine runs.
  const kernels = engine === "reference" ? engine : (process.env.QRAG_CPU ?? "");
  const loaded = await loadModel(name, { threads, kernels, ...rest });
  return gateOf(loaded, threads, nativeComputing(loaded), calibration);
}

function nativeComputing({ model, fullHead }: LoadedModel): Computing {
  const reference = model.kernels === "reference";
  return {
    engine: reference ? "reference" : "fast",
    device: reference ? addon().version().instructionSet : model.kernels,
    // The fast engine keeps nothing but what decides.
    fullVocabulary: fullHead && reference,
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
): Gate {
  const { numbers, name, tensors, fileTypes } = description;
  const { decision, prompt } = decisionModel(description);
  const weights = tensors.filter((tensor) => tensor.name !== decisionTensor);
  return new Gate({
    engine: new ScoringQueue(model, numbers.outputCount),
    encoder: { tokenizer, prompt, contextLength: numbers.contextLength },
    info: {
      path,
      name,
      numbers,
      parameters: weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      weightTypes: fileTypes.map(({ type }) => type),
      contextLength: numbers.contextLength,
      threads,
      decision: decision.tokenIds.map((id, row) => ({
        id,
        text: tokenizer.decodeToken(id),
        label: decision.labels[row]!,
      })),
      offset: calibration?.offset ?? 0,
      calibrated: calibration !== undefined,
      ...computing,
      // An offset means nothing to the whole vocabulary.
      fullVocabulary: computing.fullVocabulary && calibration === undefined,
    },
  });
}
