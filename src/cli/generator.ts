// What --generate names: an OpenAI-compatible endpoint, or the file of a chat model that node-llama-cpp runs.
import { chatSessionGenerator } from "../answer/chat_session.ts";
import { openAiGenerator } from "../answer/openai.ts";
import type { Generate } from "../answer/options.ts";
import { openChat } from "../llama/chat.ts";
import { UsageError } from "./arguments.ts";
import type { Io } from "./io.ts";

export const generateOptions = {
  generate: { type: "string" },
  "generate-model": { type: "string" },
} as const;

export const generateHelp = `      --generate URL|MODEL
                      what writes the answer: an OpenAI-compatible endpoint, with its version, such as
                      http://127.0.0.1:11434/v1 (its key, if it needs one, in OPENAI_API_KEY), or the GGUF file of a
                      chat model, for which the package node-llama-cpp has to be installed
      --generate-model NAME
                      the endpoint's model`;

type Writer = { readonly url: string; readonly model: string } | { readonly path: string };

/** Undefined where nothing is to write an answer. */
export function writerOf(values: {
  readonly generate?: string | undefined;
  readonly "generate-model"?: string | undefined;
}): Writer | undefined {
  const { generate, "generate-model": model } = values;
  if (generate === undefined) {
    if (model !== undefined) throw new UsageError("--generate-model needs --generate");
    return undefined;
  }
  if (/^https?:\/\//i.test(generate)) {
    if (model === undefined) throw new UsageError("--generate URL needs --generate-model");
    return { url: generate, model };
  }
  if (model === undefined) return { path: generate };
  throw new UsageError("--generate-model belongs to an endpoint's URL");
}

/** Lets `use` write answers, and frees what that took. */
export async function withGenerator<T>(
  io: Io,
  writer: Writer,
  use: (generate: Generate) => Promise<T>,
): Promise<T> {
  if ("url" in writer) {
    const { url: baseUrl, model } = writer;
    return use(openAiGenerator({ baseUrl, model, apiKey: io.env.OPENAI_API_KEY || undefined }));
  }
  const chat = await openChat(writer.path, io.signal);
  try {
    return await use(chatSessionGenerator(chat.session));
  } finally {
    await chat.dispose();
  }
}
