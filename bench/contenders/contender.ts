// What is timed: one way to judge a call. One runs in a process, alone.
import type { Call } from "../cases.ts";

export interface Contender {
  /** The instruction set it says it uses, or which build it is. */
  readonly build: string;
  /** One margin a passage: the larger, the more relevant. */
  judge(call: Call): Promise<number[]>;
  close(): Promise<void>;
}
