// A chat model in node-llama-cpp: opens its file and gives a session, to write answers with.
import { stat } from "node:fs/promises";
import { QragError } from "../../base/errors.ts";
import { reasonOf } from "../../base/reason.ts";
import type { ChatSession } from "../answer/chat_session.ts";
import { loadPackage } from "./package.ts";

export interface Chat {
  readonly session: ChatSession;
  dispose(): Promise<void>;
}

/** Tokens of question, passages and answer, where the model has room for so many. */
const contextSize = { max: 8192 };

/** Opens the GGUF file of a chat model on a GPU if there is one, with the build of llama.cpp that the package has. */
export async function openChat(path: string, signal?: AbortSignal): Promise<Chat> {
  await stat(path).catch((cause: Error) => {
    throw new QragError("MODEL_NOT_FOUND", `${path} could not be read: ${cause.message}`, {
      cause,
    });
  });
  const { getLlama, LlamaChatSession, LlamaLogLevel } = await loadPackage("A chat model");
  const llama = await getLlama({
    build: "never",
    progressLogs: false,
    logLevel: LlamaLogLevel.disabled,
  }).catch((cause: unknown) => {
    const message = `node-llama-cpp has no build for this machine: ${reasonOf(cause)}`;
    throw new QragError("NATIVE_MISSING", message, { cause });
  });
  try {
    const model = await llama.loadModel({ modelPath: path, ...(signal && { loadSignal: signal }) });
    const context = await model.createContext({
      contextSize,
      ...(signal && { createSignal: signal }),
    });
    const session = new LlamaChatSession({ contextSequence: context.getSequence() });
    return { session, dispose: () => llama.dispose() };
  } catch (cause) {
    await llama.dispose();
    signal?.throwIfAborted();
    const message = `${path}: llama.cpp cannot load it: ${reasonOf(cause)}`;
    throw new QragError("MODEL_INVALID", message, { cause });
  }
}
