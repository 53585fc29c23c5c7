// A generator on a chat session of node-llama-cpp, or of anything that has its `prompt`.
import { callable, checkedBy, isObject, refuse } from "../checks.ts";
import type { Generate } from "./options.ts";
import { evidencePrompt, type Prompt } from "./prompt.ts";

/** What is used of a LlamaChatSession. */
export interface ChatSession {
  prompt(
    text: string,
    options: { signal?: AbortSignal; onTextChunk?: (piece: string) => void },
  ): Promise<string>;
}

export interface ChatSessionOptions {
  /** Makes the prompt. Default: numbered passages and the rule to use nothing else. */
  readonly prompt?: Prompt | undefined;
}

/** The session keeps its history: use one of its own for each conversation. */
export function chatSessionGenerator(session: ChatSession, options?: ChatSessionOptions): Generate {
  if (!isObject(session) || typeof session.prompt !== "function") {
    return refuse("a chat session", "session", session);
  }
  const checks = { prompt: callable<Prompt>() };
  const { prompt = evidencePrompt } = checkedBy(checks, "chatSessionGenerator", options);
  return (evidence) => {
    const { signal, onText } = evidence;
    return session.prompt(prompt(evidence), {
      ...(signal && { signal }),
      ...(onText && { onTextChunk: onText }),
    });
  };
}
