// Loads a model for the backend "llama": checks the file as for our own engine, then has llama.cpp open it.

import { QragError } from "../../base/errors.ts";
import {
  bert,
  type Decision,
  decisionTensor,
  describeModel,
  llama,
  type ModelDescription,
  qrag,
} from "../../gguf/architecture.ts";
import type { GgufFile } from "../../gguf/format.ts";
import { type BackgroundTokenizer, openTokenizer } from "../../native/tokenizer/background.ts";
import { modelError, readModelFile } from "../model/files.ts";
import { checkVocabulary, decisionModel } from "../model/load.ts";
import { type LlamaModel, type OpenLlamaOptions, openLlama } from "./model.ts";

export interface LoadedLlama {
  readonly path: string;
  readonly description: ModelDescription;
  readonly tokenizer: BackgroundTokenizer;
  readonly model: LlamaModel;
}

export async function loadLlama(
  name: string | undefined,
  options: Pick<OpenLlamaOptions, "gpu" | "threads" | "signal" | "onProgress">,
  open = openLlama,
): Promise<LoadedLlama> {
  options.signal?.throwIfAborted();
  const { path, file } = await readModelFile(name, options.signal);
  let tokenizer: BackgroundTokenizer | undefined;
  try {
    refuseEncoder(file);
    const description = describeModel(file, [qrag, llama]);
    const layout = description.architecture === llama.name ? "llama" : "qrag";
    const { decision } = decisionModel(description);
    if (layout === "qrag") checkForLlama(file, decision);
    tokenizer = openTokenizer(description.tokenizerJson);
    checkVocabulary(tokenizer, description);
    const model = await open({
      path,
      layout,
      bytes: description.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0),
      contextLength: description.numbers.contextLength,
      tokenIds: decision.tokenIds,
      ...options,
    });
    return { path, description, tokenizer, model };
  } catch (error) {
    tokenizer?.dispose();
    throw modelError(error, path);
  }
}

/** llama.cpp opens encoders, and scores their pairs as something else than what they were trained on. */
function refuseEncoder({ metadata }: GgufFile): void {
  const architecture = metadata.get("general.architecture")?.value;
  if (architecture !== bert.name) return;
  throw new QragError(
    "MODEL_UNSUPPORTED",
    'an encoder, and llama.cpp reads pairs without token types. Load it without backend: "llama"',
  );
}

/** What we read and llama.cpp cannot. */
function checkForLlama({ metadata, tensors }: GgufFile, decision: Decision): void {
  if (!metadata.has("tokenizer.ggml.model")) {
    throw new QragError("MODEL_UNSUPPORTED", "llama.cpp has no tokenizer of the kind it has");
  }
  const named = tensors.some(({ name }) => name === decisionTensor);
  const ordered = decision.labels.join("") === decision.labels.toSorted().join("");
  if (!named || !ordered) {
    const message =
      "its decision rows are not as llama.cpp needs them. Convert the checkpoint again.";
    throw new QragError("MODEL_UNSUPPORTED", message);
  }
}
