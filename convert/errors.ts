// The ways a conversion can fail: the checkpoint is not sound, or does not say what is needed; or what was asked for is wrong.
import { QragError } from "../base/errors.ts";
import { GgufError } from "../gguf/format.ts";

export function invalid(reason: string, cause?: unknown): QragError {
  return new QragError("CHECKPOINT_INVALID", reason, cause === undefined ? {} : { cause });
}

/** What the caller gave is refused as the caller's. */
export function checkInput(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof GgufError)) throw error;
    throw new QragError("INPUT_INVALID", error.message, { cause: error });
  }
}

export function unmapped(reason: string): QragError {
  return new QragError("CHECKPOINT_UNMAPPED", reason);
}
