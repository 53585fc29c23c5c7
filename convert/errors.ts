// The two ways a checkpoint can fail: it is not sound, or it is sound and does not say what is needed.
import { QragError } from "../base/errors.ts";

export function invalid(reason: string, cause?: unknown): QragError {
  return new QragError("CHECKPOINT_INVALID", reason, cause === undefined ? {} : { cause });
}

export function unmapped(reason: string): QragError {
  return new QragError("CHECKPOINT_UNMAPPED", reason);
}
