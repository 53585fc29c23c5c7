// Why a request gets no answer: a status and a message, which each protocol puts into its own shape.
import { QragError } from "../../base/errors.ts";

export type Status = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 422 | 429 | 500 | 503;

export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: Status;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: Status, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Everything that was thrown, as a problem. What is no fault of the request's says nothing of our insides. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof QragError && error.code === "INPUT_INVALID") {
    return new Problem(422, error.message);
  }
  if (error instanceof QragError && error.code === "DISPOSED") return closing();
  return new Problem(500, "Internal error");
}

export function closing(): Problem {
  return new Problem(503, "The server is shutting down", { connection: "close" });
}

/** What each protocol calls a status. */
const words: Record<Status, { tei: string; llama: string }> = {
  400: { tei: "Empty", llama: "invalid_request_error" },
  401: { tei: "Unauthorized", llama: "authentication_error" },
  403: { tei: "Unauthorized", llama: "permission_error" },
  404: { tei: "Validation", llama: "not_found_error" },
  405: { tei: "Validation", llama: "invalid_request_error" },
  408: { tei: "Validation", llama: "invalid_request_error" },
  413: { tei: "Validation", llama: "invalid_request_error" },
  415: { tei: "Validation", llama: "invalid_request_error" },
  422: { tei: "Validation", llama: "invalid_request_error" },
  429: { tei: "Overloaded", llama: "unavailable_error" },
  500: { tei: "Backend", llama: "server_error" },
  503: { tei: "Unhealthy", llama: "unavailable_error" },
};

export type ErrorShape = (problem: Problem) => object;

/** Text Embeddings Inference, and our own routes. */
export const teiError: ErrorShape = ({ status, message }) => ({
  error: message,
  error_type: words[status].tei,
});

/** Cohere reads `message`, Jina's clients `detail`, llama-server's and OpenAI's `error`. */
export const sharedError: ErrorShape = ({ status, message }) => ({
  message,
  detail: message,
  error: { code: status, message, type: words[status].llama },
});
