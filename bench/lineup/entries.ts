// All contenders of a suite.
import type { Suite } from "../cases.ts";
import { decoderEntries } from "./decoder.ts";
import { encoderEntries } from "./encoders.ts";
import type { Entry } from "./entry.ts";

/** On a machine with these kernel sets, the best first. References come before those they check. */
export function entries(suite: Suite, kernels: readonly string[]): Entry[] {
  return suite.encoder
    ? encoderEntries(suite, suite.encoder, kernels)
    : decoderEntries(suite, kernels);
}
