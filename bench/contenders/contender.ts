// What is timed: one way to judge pairs, or to embed texts. One runs in a process, alone.
import type { Call } from "../cases.ts";

export interface Contender {
  /** The instruction set it says it uses, or which build it is. */
  readonly build: string;
  /** For each passage a margin (the larger, the more relevant), or a vector. */
  answer(call: Call): Promise<readonly (number | Float32Array)[]>;
  close(): Promise<void>;
}
