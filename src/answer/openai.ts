// A generator on any OpenAI-compatible endpoint: llama-server, Ollama, vLLM, or a hosted one.
import { QragError } from "../../base/errors.ts";
import { reasonOf } from "../../base/reason.ts";
import { type Check, callable, checkedBy, count, isObject, refuse, someText } from "../checks.ts";
import type { Evidence, Generate } from "./options.ts";
import { evidencePrompt, type Prompt } from "./prompt.ts";
import { eventsOf } from "./server_events.ts";

export interface OpenAiOptions {
  /** With the version: "http://127.0.0.1:11434/v1". */
  readonly baseUrl: string;
  readonly model: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined;
  /** Makes the prompt. Default: numbered passages and the rule to use nothing else. */
  readonly prompt?: Prompt | undefined;
  /** Default 0: the same answer to the same question. */
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** Longer answers are refused: an endpoint that never stops must not fill the memory. */
const longestAnswer = 4 * 1024 * 1024;

const url: Check<string> = (value, name) =>
  typeof value === "string" && /^https?:$/.test(protocolOf(value))
    ? value
    : refuse("an http or https URL", name, value);

const temperature: Check<number> = (value, name) =>
  typeof value === "number" && value >= 0 && value <= 2
    ? value
    : refuse("a number from 0 to 2", name, value);

const checks = {
  baseUrl: url,
  model: someText,
  apiKey: someText,
  prompt: callable<Prompt>(),
  temperature,
  maxTokens: count(Number.MAX_SAFE_INTEGER),
};

export function openAiGenerator(options: OpenAiOptions): Generate {
  const settings = checkedBy<OpenAiOptions>(checks, "openAiGenerator", options);
  checks.baseUrl(settings.baseUrl, "baseUrl");
  checks.model(settings.model, "model");
  return async (evidence) => {
    const response = await ask(settings, evidence);
    const pieces = textOf(response, evidence.signal);
    return evidence.onText ? streamed(pieces, evidence.onText) : whole(pieces);
  };
}

async function ask(settings: OpenAiOptions, evidence: Evidence): Promise<Response> {
  const { baseUrl, model, apiKey, prompt = evidencePrompt, maxTokens } = settings;
  const endpoint = `${baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const body = {
    model,
    messages: [{ role: "user", content: prompt(evidence) }],
    temperature: settings.temperature ?? 0,
    stream: evidence.onText !== undefined,
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  };
  const { signal } = evidence;
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify(body),
    signal: signal ?? null,
  }).catch((cause) => {
    signal?.throwIfAborted();
    throw failed(`${endpoint} could not be reached: ${reasonOf(cause)}`, cause);
  });
  if (response.ok) return response;
  const said = await beginning(textOf(response, signal)).catch(() => "");
  signal?.throwIfAborted();
  throw failed(`${endpoint} answered ${response.status}: ${said || response.statusText}`);
}

/** Of an error's text: it may be as long as the endpoint likes. */
async function beginning(pieces: AsyncIterable<string>, most = 500): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length >= most) break;
  }
  return text.slice(0, most);
}

async function whole(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text = appended(text, piece);
  const content = contentOf(text, "message");
  if (content !== undefined) return content;
  throw failed(`The endpoint answered without a message: ${text.slice(0, 200)}`);
}

async function streamed(
  pieces: AsyncIterable<string>,
  onText: (piece: string) => void,
): Promise<string> {
  let answer = "";
  let events = 0;
  for await (const data of eventsOf(pieces)) {
    events++;
    if (data === "[DONE]") return answer;
    const piece = contentOf(data, "delta");
    if (!piece) continue;
    answer = appended(answer, piece);
    onText(piece);
  }
  if (events === 0) throw failed("The endpoint answered without events: it does not stream");
  return answer;
}

async function* textOf(
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
  } catch (cause) {
    signal?.throwIfAborted();
    throw failed(`${response.url} broke off its answer: ${reasonOf(cause)}`, cause);
  }
  yield decoder.decode();
}

function appended(text: string, piece: string): string {
  if (text.length + piece.length <= longestAnswer) return text + piece;
  throw failed(`The answer is longer than ${longestAnswer} characters`);
}

/** What the first choice says; undefined where there is none, as in the last events of a stream. */
function contentOf(json: string, part: "message" | "delta"): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw failed(`The endpoint answered something that is not JSON: ${json.slice(0, 200)}`, cause);
  }
  // In the middle of a stream the status has long been sent.
  if (isObject(value) && value.error) throw failed(`The endpoint failed: ${json.slice(0, 500)}`);
  const choices = isObject(value) && Array.isArray(value.choices) ? value.choices : [];
  const said: unknown = isObject(choices[0]) ? choices[0][part] : undefined;
  return isObject(said) && typeof said.content === "string" ? said.content : undefined;
}

function protocolOf(text: string): string {
  try {
    return new URL(text).protocol;
  } catch {
    return "";
  }
}

function failed(message: string, cause?: unknown): QragError {
  return new QragError("GENERATION_FAILED", message, { cause });
}
