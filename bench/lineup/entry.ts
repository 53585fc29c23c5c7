// One who takes part: the file it reads, the cases it runs, and whose answers its own must be like.
import type { Contender } from "../contenders/contender.ts";
import type { Peer } from "../contenders/installed.ts";
import type { ModelFile } from "../files.ts";

export interface Entry {
  /** Unique in its suite. */
  readonly name: string;
  readonly file?: ModelFile;
  readonly cases: readonly string[];
  /** The contender that has the same weights in a finer form; none for such a one itself. */
  readonly reference?: string;
  /** How far answers may lie from the reference's, in parts of their spread: what quantization costs random weights. */
  readonly tolerance?: number;
  /** Takes part in --quick. */
  readonly quick?: boolean;
  /** What must be installed for it. */
  readonly needs?: Peer | "torch";
  open(folder: string, threads: number): Promise<Contender>;
}

/** Eight bits cost random weights 0.1 to 0.3; an engine that computes something else is off by more than 1. */
export const int8Tolerance = 0.5;
