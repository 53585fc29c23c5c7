// loadGate: puts a gate together from a model file.
import { decisionTensor } from "../gguf/architecture.ts";
import { addon } from "../native/binding.ts";
import { Engine } from "./engine.ts";
import { Gate, type GateInfo } from "./gate.ts";
import { type LoadedModel, loadModel } from "./models.ts";
import { checkOptions, checkPath, checkThreads, type LoadOptions } from "./options.ts";

/**
 * Loads a model: the one the package came with, or the GGUF file at `path`. Dispose the gate when it is no longer
 * needed (`await using gate = await loadGate()`), it holds the model's whole memory.
 */
export async function loadGate(path?: string, options?: LoadOptions): Promise<Gate> {
  const { threads: wanted, engine = "fast", ...rest } = checkOptions("loadGate", options);
  const threads = checkThreads(wanted);
  // QRAG_CPU forces a kernel set, to test or to compare it; empty means the best that this machine runs.
  const kernels = engine === "reference" ? engine : (process.env.QRAG_CPU ?? "");
  const loaded = await loadModel(checkPath(path), { threads, kernels, ...rest });
  const { model, tokenizer, description } = loaded;
  const { numbers, prompt } = description;
  return new Gate({
    engine: new Engine(model, numbers.decisionCount),
    encoder: { tokenizer, prompt, contextLength: numbers.contextLength },
    info: infoOf(loaded, threads),
  });
}

function infoOf(
  { path, description, tokenizer, model, fullHead }: LoadedModel,
  threads: number,
): GateInfo {
  const { numbers, name, decision, tensors, fileTypes } = description;
  const reference = model.kernels === "reference";
  const weights = tensors.filter((tensor) => tensor.name !== decisionTensor);
  return {
    path,
    name,
    numbers,
    parameters: weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
    weightTypes: fileTypes.map(({ type }) => type),
    contextLength: numbers.contextLength,
    engine: reference ? "reference" : "fast",
    level: reference ? addon().version().level : model.kernels,
    threads,
    tokenizer: tokenizer.name,
    decision: decision.tokenIds.map((id, row) => ({
      id,
      text: tokenizer.decodeToken(id),
      label: decision.labels[row]!,
    })),
    // The fast engine keeps nothing but what decides.
    fullVocabulary: fullHead && reference,
  };
}
