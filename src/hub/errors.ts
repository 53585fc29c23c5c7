// How downloads fail: for good, as a QragError, or temporarily, as a failure that is retried first.
import { QragError } from "../../base/errors.ts";
import { reasonOf } from "../../base/reason.ts";

export function downloadFailed(message: string, cause?: unknown): QragError {
  return new QragError("DOWNLOAD_FAILED", message, cause === undefined ? {} : { cause });
}

/** Worth another attempt. `error` is thrown when there are no attempts left. */
export class TemporaryFailure extends Error {
  readonly error: QragError;
  /** The pause that the server asks for. */
  readonly pauseMs: number | undefined;

  constructor(error: QragError, pauseMs?: number) {
    super(error.message);
    this.error = error;
    this.pauseMs = pauseMs;
  }
}

/** Runs something that writes to the cache; if it fails, the error names the path. */
export async function storing<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof QragError) throw cause;
    const message = `${path} cannot be written: ${reasonOf(cause)}`;
    throw new QragError("OUTPUT_FAILED", message, { cause });
  }
}
