// What a loaded gate says of itself.
import { basename } from "node:path";
import type { EarlyExit, Hyperparameters } from "../gguf/architecture.ts";

/** A vocabulary entry that stands for a digit. */
export interface DecisionToken {
  readonly id: number;
  /** Its text, white space included. */
  readonly text: string;
  readonly label: "0" | "1";
}

/** What is loaded, and how it runs. */
export interface GateInfo {
  readonly path: string;
  readonly name: string | undefined;
  /** "qrag" and "llama" are decoders, "bert" is an encoder. */
  readonly architecture: string;
  readonly numbers: Hyperparameters;
  /** Weights in all, the decision rows (a copy out of the head) not counted. */
  readonly parameters: number;
  /** Tensor types in the file, the largest share first. */
  readonly weightTypes: readonly string[];
  /** Tokens an input may have; longer passages are judged in windows. */
  readonly contextLength: number;
  /** The fast graph; the reference: stock operations of ggml's, all in the file's own weight types; or node-llama-cpp. */
  readonly engine: "fast" | "reference" | "llama";
  /** The instruction set of the kernels; of llama.cpp the device it computes on. */
  readonly device: string;
  readonly threads: number;
  /** A decoder's answers; none where a classifier decides. */
  readonly decision: readonly DecisionToken[];
  /** Unicode's names of the scripts that the model reads, where its file says: all else is refused. */
  readonly scripts: readonly string[] | undefined;
  /** The codes of the languages that it reads, where its file says. */
  readonly languages: readonly string[] | undefined;
  /** The SHA-256 of the embedder that is asked where a margin is uncertain, if one is; its vectors may be given. */
  readonly embedder: string | undefined;
  /** Margins below `below` are guessed after so many blocks, of `numbers.blockCount`; undefined where none is. */
  readonly earlyExit: Pick<EarlyExit, "blocks" | "below"> | undefined;
  /** A passage is relevant when its margin is greater: 0, or what the calibration says. */
  readonly offset: number;
  /** Whether a calibration set the offset. */
  readonly calibrated: boolean;
  /** Whether the option `fullVocabulary` can be used. */
  readonly fullVocabulary: boolean;
}

/** What others call the model: its name, or else its file's. */
export function modelName({ name, path }: Pick<GateInfo, "name" | "path">): string {
  return name ?? basename(path, ".gguf");
}
