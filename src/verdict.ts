// From the logits of the decision rows to a verdict.
import { QragError } from "../base/errors.ts";

/** What the model says of one passage. */
export interface Verdict {
  /** Whether the passage addresses the query: the margin is greater than 0, or than the offset of a calibration. */
  readonly relevant: boolean;
  /** Logit of "1" minus logit of "0", whatever the calibration. Of several windows the largest. */
  readonly margin: number;
  /** sigmoid(margin), whatever the calibration: what the model gives "1" when it may only answer "1" or "0". */
  readonly probability: number;
  /** Tokens of the prompts that were scored, instructions and query included. */
  readonly tokens: number;
  /** Prompts that were scored: more than 1 when the passage is longer than the model's context. */
  readonly windows: number;
}

/** The outcome of one window. */
export interface JudgedWindow {
  readonly relevant: boolean;
  readonly margin: number;
  readonly tokens: number;
}

/** Several rows may stand for one digit ("1" and " 1"): the larger logit speaks for it. */
export function marginOf(logits: Float32Array, labels: readonly ("0" | "1")[]): number {
  let zero = -Infinity;
  let one = -Infinity;
  for (const [row, label] of labels.entries()) {
    const logit = logits[row];
    if (logit === undefined || !Number.isFinite(logit)) {
      throw new QragError(
        "MODEL_INVALID",
        `The model gave ${logit} for decision row ${row}: its weights are damaged or overflow. Convert it again, or use F32 weights.`,
      );
    }
    if (label === "1") one = Math.max(one, logit);
    else zero = Math.max(zero, logit);
  }
  return one - zero;
}

/** A passage is relevant if any of its windows is. `windows` holds at least one. */
export function verdictOf(windows: readonly JudgedWindow[]): Verdict {
  const margin = Math.max(...windows.map((window) => window.margin));
  return {
    relevant: windows.some((window) => window.relevant),
    margin,
    probability: 1 / (1 + Math.exp(-margin)),
    tokens: windows.reduce((sum, window) => sum + window.tokens, 0),
    windows: windows.length,
  };
}
