// From the output rows' logits to a verdict.
import { QragError } from "../base/errors.ts";
import { sigmoid } from "../base/sigmoid.ts";
import type { Output } from "../gguf/architecture.ts";
import type { RefusalReason } from "./refusal/refusal.ts";
import type { Span } from "./windows.ts";

/** What the model says of one passage. */
export interface Verdict {
  /** Whether the passage addresses the query: the margin is greater than 0, or than the offset of a calibration. */
  readonly relevant: boolean;
  /**
   * Logit of "1" minus logit of "0", whatever the calibration; where that is uncertain, with the second opinion of
   * gates that ask for one; where it is very low, the guess of an early exit. Of several windows the largest; -Infinity
   * where the passage was refused unasked.
   */
  readonly margin: number;
  /** sigmoid(margin), whatever the calibration: what "1" has when the answer may only be "1" or "0". */
  readonly probability: number;
  /** Tokens of the inputs that were scored, query and instructions included. */
  readonly tokens: number;
  /** Inputs that were scored: more than 1 when the passage is longer than the model's context. */
  readonly windows: number;
  /** Where in the passage the window with the largest margin lies. Absent where one window holds all of it. */
  readonly span?: Span;
  /** Why the model was not asked. Absent where it was. */
  readonly reason?: RefusalReason;
}

/** The outcome of one window. */
export interface JudgedWindow {
  readonly relevant: boolean;
  readonly margin: number;
  readonly tokens: number;
  readonly span: Span;
}

/** From the output rows' logits to the margin. */
export type Margin = (logits: Float32Array) => number;

/** How this output is read; undefined for one that gives vectors. */
export function marginOf(output: Output): Margin | undefined {
  switch (output.kind) {
    case "decision":
      return (logits) => decisionMargin(finite(logits, output.labels.length), output.labels);
    case "labels":
      return output.names.length === 1
        ? (logits) => finite(logits, 1)[0]!
        : (logits) => finite(logits, 2)[1]! - logits[0]!;
    case "vector":
      return undefined;
  }
}

/** Several rows may stand for one digit ("1" and " 1"): the larger logit speaks for it. */
function decisionMargin(logits: Float32Array, labels: readonly ("0" | "1")[]): number {
  let zero = -Infinity;
  let one = -Infinity;
  for (const [row, label] of labels.entries()) {
    if (label === "1") one = Math.max(one, logits[row]!);
    else zero = Math.max(zero, logits[row]!);
  }
  return one - zero;
}

function finite(logits: Float32Array, rows: number): Float32Array {
  let row = 0;
  while (row < rows && Number.isFinite(logits[row])) row++;
  if (row === rows) return logits;
  throw new QragError(
    "MODEL_INVALID",
    `The model gave ${logits[row]} for output row ${row}: its weights are damaged or overflow. Convert it again, or use F32 weights.`,
  );
}

/** The verdict on a passage that the model was not asked about. */
export function refusedBecause(reason: RefusalReason): Verdict {
  return { relevant: false, margin: -Infinity, probability: 0, tokens: 0, windows: 0, reason };
}

/** The probability that 0.5 divides: the calibration's offset is taken off the margin. */
export function scoreOf({ margin }: Verdict, { offset }: { readonly offset: number }): number {
  return sigmoid(margin - offset);
}

/** A passage is relevant if any of its windows is. `windows` holds at least one. */
export function verdictOf(windows: readonly JudgedWindow[]): Verdict {
  const { margin, span } = windows.reduce((best, next) =>
    next.margin > best.margin ? next : best,
  );
  return {
    relevant: windows.some((window) => window.relevant),
    margin,
    probability: sigmoid(margin),
    tokens: windows.reduce((sum, window) => sum + window.tokens, 0),
    windows: windows.length,
    ...(windows.length > 1 && { span }),
  };
}
