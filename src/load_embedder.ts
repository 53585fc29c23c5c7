// loadEmbedder: puts an embedder together from a model file.
import { QragError } from "../base/errors.ts";
import { checkLoadEmbedder, type LoadEmbedderOptions } from "./embed_options.ts";
import { Embedder } from "./embedder.ts";
import { computing, kernelsFor, parametersOf } from "./model/computing.ts";
import { shippedEmbedder } from "./model/files.ts";
import { loadModel } from "./model/load.ts";
import { namedModel } from "./model/named.ts";
import { checkPath, checkThreads } from "./options.ts";
import { ScoringQueue } from "./queue/scoring_queue.ts";

/**
 * Loads an embedding model: the one the package came with, the GGUF file at `path`, or that of "hf:owner/repo", which is
 * downloaded and converted once. Dispose the embedder when it is no longer needed
 * (`await using embedder = await loadEmbedder(path)`): it holds the model's whole memory.
 */
export async function loadEmbedder(
  path?: string,
  options?: LoadEmbedderOptions,
): Promise<Embedder> {
  const { threads: wanted, engine = "fast", ...rest } = checkLoadEmbedder(options);
  const threads = checkThreads(wanted);
  const file = await namedModel(checkPath(path), rest);
  const loaded = await loadModel(file, {
    threads,
    shipped: shippedEmbedder,
    kernels: kernelsFor(engine),
    ...rest,
  });
  const { description, tokenizer, model } = loaded;
  const { architecture, numbers, output, frame, fileTypes } = description;
  if (output.kind !== "vector" || frame.kind !== "text") {
    tokenizer.dispose();
    model.dispose();
    throw new QragError(
      "MODEL_UNSUPPORTED",
      `${loaded.path} gives verdicts, not vectors. Use loadGate, or load an embedding model.`,
    );
  }
  const { contextLength, embeddingLength } = numbers;
  return new Embedder({
    queue: new ScoringQueue(model, embeddingLength),
    encoder: { tokenizer, contextLength },
    tokenizer,
    info: {
      path: loaded.path,
      name: description.name,
      architecture,
      numbers,
      parameters: parametersOf(description),
      weightTypes: fileTypes.map(({ type }) => type),
      dimensions: embeddingLength,
      contextLength,
      pooling: output.pooling,
      normalized: output.normalize,
      queryText: frame.query,
      passageText: frame.passage,
      threads,
      ...computing(model),
    },
  });
}
