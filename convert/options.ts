// What a conversion is asked for.
import type { AtomicFileOptions } from "../base/atomic_file.ts";
import type { Destination } from "../base/destination.ts";
import type { LabelledRow } from "../base/labelled_row.ts";
import type { EarlyExit, SecondOpinion } from "../gguf/architecture.ts";
import type { Prompt } from "../gguf/prompt.ts";
import type { Encoder } from "./checkpoint/pair.ts";
import type { ConvertProgress } from "./report.ts";
import type { RoleMap } from "./roles/roles.ts";
import type { WeightTypes } from "./write/types.ts";

/** The two layouts of a decoder: our own, and the plain file that any llama.cpp program opens. */
export const fileLayouts = ["qrag", "llama"] as const;
export type FileLayout = (typeof fileLayouts)[number];

export interface ConvertOptions extends AtomicFileOptions, WeightTypes {
  /** A file of weights, or a folder with them. */
  readonly checkpoint: string;
  /** Path of the tokenizer.json. Default: the one beside the weights. */
  readonly tokenizer?: string | undefined;
  readonly output: Destination;
  readonly map?: RoleMap | undefined;
  /** Which half of a pair of encoders. Needed for a pair, and refused for anything else. */
  readonly encoder?: Encoder | undefined;
  readonly name?: string | undefined;
  /** Unicode's names of the scripts that the model reads. Of models that judge only, as are the languages. */
  readonly scripts?: readonly string[] | undefined;
  /** The codes of the languages that it reads, such as "en". */
  readonly languages?: readonly string[] | undefined;
  /** Whose cosine moves uncertain margins. Of models that judge only. */
  readonly secondOpinion?: SecondOpinion | undefined;
  /** Where the configuration is silent. */
  readonly headCount?: number | undefined;
  readonly contextLength?: number | undefined;
  readonly normEps?: number | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;

  // Of decoders:
  readonly layout?: FileLayout | undefined;
  /** Keep the whole head beside the decision rows. */
  readonly keepLmHead?: boolean | undefined;
  readonly prompt?: Prompt | undefined;
  readonly rope?: "half" | "interleaved" | undefined;
  readonly gateUp?: "gate-first" | "up-first" | undefined;
  readonly ropeBase?: number | undefined;
  /** False skips trying the wiring out, which then must be known. */
  readonly proof?: boolean | undefined;
  /** Labelled rows to try it out on. */
  readonly rows?: readonly LabelledRow[] | undefined;
  readonly threads?: number | undefined;

  // Of BERTs, where the folder is silent or means otherwise:
  readonly pooling?: "mean" | "cls" | undefined;
  /** Whether vectors are to have the length 1. */
  readonly normalize?: boolean | undefined;
  /** Put before every query, and before every passage. */
  readonly queryPrefix?: string | undefined;
  readonly passagePrefix?: string | undefined;
  /** Where clearly irrelevant pairs need no further blocks. Of classifiers. */
  readonly earlyExit?: EarlyExit | undefined;
}
