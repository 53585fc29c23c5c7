// The options of an embedder and the texts it is given, checked before anything else looks at them.
import { QragError } from "../base/errors.ts";
import type { Progress } from "../base/progress.ts";
import {
  bounded,
  type Checks,
  callback,
  checkedBy,
  choice,
  count,
  flag,
  refuse,
  signal,
} from "./checks.ts";
import { checkIterable } from "./given.ts";
import { limits } from "./options.ts";

export interface LoadEmbedderOptions {
  /** Threads that compute. Default: the processors this process may use, at most 8. */
  readonly threads?: number | undefined;
  /** "reference" computes with stock operations in the file's own types: slower, and the yardstick. Default "fast". */
  readonly engine?: "fast" | "reference" | undefined;
  /** Make int8 of 4-bit weights when loading: a little faster, twice the memory. Default false. */
  readonly unpackWeights?: boolean | undefined;
  /** Stops loading; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with bytes read and bytes in all. With a hub's model, first with those of each `stage`. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What becomes of a text that is longer than the model's context. */
export type LongTexts = "cut" | "average" | "refuse";

export interface EmbedOptions {
  /** What the texts are: some models want other words before a query than before a passage. Default "passage". */
  readonly as?: "query" | "passage" | undefined;
  /**
   * A text longer than the model's context is cut there ("cut", the default), read in overlapping windows whose vectors
   * are averaged by their tokens ("average"), or refused with INPUT_INVALID ("refuse").
   */
  readonly long?: LongTexts | undefined;
  /** Keep the first so many dimensions: for models trained to be cut (Matryoshka). Default: all. */
  readonly dimensions?: number | undefined;
  /** Whether vectors have length 1. Default: as the model was trained. */
  readonly normalize?: boolean | undefined;
  /** Drops what is not computed yet; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with texts embedded and texts in all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const loadChecks: Checks<LoadEmbedderOptions> = {
  threads: count(limits.threads),
  engine: choice("fast", "reference"),
  unpackWeights: flag,
  signal,
  onProgress: callback,
};

const embedChecks: Checks<EmbedOptions> = {
  as: choice("query", "passage"),
  long: choice("cut", "average", "refuse"),
  dimensions: count(2 ** 16),
  normalize: flag,
  signal,
  onProgress: callback,
};

export function checkLoadEmbedder(options: LoadEmbedderOptions | undefined): LoadEmbedderOptions {
  return checkedBy(loadChecks, "loadEmbedder", options);
}

/** `width`: of the model's vectors. */
export function checkEmbed(options: EmbedOptions | undefined, width: number): EmbedOptions {
  const checked = checkedBy(embedChecks, "embed", options);
  const { dimensions = width } = checked;
  if (dimensions <= width) return checked;
  throw new QragError(
    "INPUT_INVALID",
    `Expected at most ${width} dimensions, which the model's vectors have, but received ${dimensions}`,
  );
}

/** All texts at once, so that a bad one is refused before any work is done. */
export function checkTexts(texts: Iterable<unknown>): string[] {
  const checked: string[] = [];
  for (const text of checkIterable(texts, "texts")) {
    const name = `texts[${checked.length}]`;
    if (typeof text !== "string") return refuse("a string", name, text);
    checked.push(bounded(text, name, limits.passageLength));
  }
  return checked;
}
