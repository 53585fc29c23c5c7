// Retries temporary failures: a bounded number of times, with growing pauses or the pause that a server asks for.
import { setTimeout as sleep } from "node:timers/promises";
import { TemporaryFailure } from "./errors.ts";

export interface Pauses {
  /** Before the first retry; doubled for each one after it. */
  readonly firstMs: number;
  /** A server that asks for a longer pause is not retried. */
  readonly longestMs: number;
}

export interface RetryOptions {
  /** How many attempts in a row may fail. */
  readonly attempts: number;
  readonly pauses: Pauses;
  readonly signal: AbortSignal | undefined;
  /** Bytes done so far. Progress resets the count of failures. */
  readonly position?: () => number;
}

/** Less than this is no progress: a server that sends a few bytes at a time would be retried for ever. */
const progressBytes = 1024 * 1024;

export async function withRetries<T>(
  run: () => Promise<T>,
  { attempts, pauses, signal, position = () => 0 }: RetryOptions,
): Promise<T> {
  let failures = 0;
  let reached = position();
  for (;;) {
    try {
      return await run();
    } catch (failure) {
      signal?.throwIfAborted();
      if (!(failure instanceof TemporaryFailure)) throw failure;
      const advanced = position() >= reached + progressBytes;
      failures = advanced ? 1 : failures + 1;
      reached = Math.max(reached, position());
      const { error, pauseMs = pauses.firstMs * 2 ** (failures - 1) } = failure;
      if (failures >= attempts || pauseMs > pauses.longestMs) throw error;
      await pause(pauseMs, signal);
    }
  }
}

/** Waits up to a tenth longer, so that many clients do not come back at the same moment. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms * (1 + Math.random() / 10), undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
