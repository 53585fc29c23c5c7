// The addon's typed contract.

import type { QragError } from "../base/errors.ts";
import type { EarlyExit, Hyperparameters, Pooling } from "../gguf/architecture.ts";

export type { EarlyExit, Hyperparameters, Pooling };

/** A tensor as the engine wants it announced. `shape` in ggml's order: row length first. */
export interface TensorSpec {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
}

/** What the engine knows of an architecture. The registry in gguf/ holds the same, and more. */
export interface NativeArchitecture {
  readonly name: string;
  readonly numbers: readonly {
    readonly number: string;
    readonly kind: "size" | "positive";
    readonly max: number;
    readonly only?: "labels";
  }[];
  /** `shape` names sizes, row length first. */
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly string[];
    readonly types: readonly string[];
    readonly required: boolean;
    readonly only?: "labels";
  }[];
}

/** What `score` computes for each sequence. */
export type ScoreMode =
  /** The output rows: outputCount numbers a sequence. */
  | "decision"
  /** The vocabulary id with the largest logit at the last position: 1 number a sequence. */
  | "argmax"
  /** The sum of -log p(token) over all positions but the first: 1 number a sequence. */
  | "surprise"
  /** The pooled state: embeddingLength numbers a sequence. */
  | "embed";

/** How a model is to compute. */
export interface NativeModelOptions {
  readonly threads: number;
  /** One of kernels(), "reference" for ggml's own operations, or "" for what is best here. */
  readonly kernels: string;
  /** The fast graph makes int8 of 4-bit matrices. */
  readonly unpack: boolean;
  /** How the model's vectors are made; without it, it gives none. */
  readonly pooling?: Pooling | undefined;
  /** Where some decisions fall before the last block; without it, none does. */
  readonly earlyExit?: EarlyExit | undefined;
}

/** A model in native memory. The life of one: write every tensor, seal, score (one call at a time), dispose. */
export interface NativeModel {
  /** The kernels that compute decisions, or "reference". */
  readonly kernels: string;
  /** Copies `bytes` into tensor number `tensor` (its place in the list given to the constructor). */
  write(tensor: number, byteOffset: number, bytes: Uint8Array): void;
  /** Checks that every tensor is complete and finite, and starts the worker thread. */
  seal(): Promise<void>;
  /**
   * Scores sequences: number i is tokens[offsets[i]] .. tokens[offsets[i + 1] - 1], and its second text begins at
   * token seconds[i] of it, or nowhere without `seconds`. All arrays are copied before the call returns. Refused while
   * an earlier call is running: queueing is the caller's business.
   */
  score(
    tokens: Int32Array,
    offsets: Int32Array,
    mode: ScoreMode,
    seconds?: Int32Array,
  ): Promise<Float32Array>;
  /** The named steps of the forward pass over one sequence: for comparing implementations layer by layer. */
  trace(tokens: Int32Array, second?: number): Promise<Record<string, Float32Array>>;
  /** Stops running work (its promise rejects with DISPOSED) and frees the memory. May be called twice. */
  dispose(): void;
}

/** A tokenizer in arrays of numbers; native/tokenizer/description.h says what each holds. */
export interface TokenizerDescription {
  readonly texts: Uint8Array;
  readonly ends: Int32Array;
  readonly ids: Int32Array;
  readonly model: Int32Array;
  readonly merges: Int32Array;
  readonly byteTokens: Int32Array;
  readonly added: Int32Array;
  readonly normalizer: Int32Array;
  readonly cuts: Int32Array;
  readonly before: Int32Array;
  readonly after: Int32Array;
  readonly pair: Int32Array;
  readonly pairBefore: Int32Array;
  readonly pairBetween: Int32Array;
  readonly pairAfter: Int32Array;
  readonly classes: Int32Array;
  readonly bertClasses: Int32Array;
  readonly combining: Int32Array;
  readonly decompositions: Int32Array;
  readonly compatible: Int32Array;
  readonly compositions: Int32Array;
  readonly lowercase: Int32Array;
}

/** Ids of several texts: those of number i are tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]. */
export interface NativeEncoding {
  readonly tokens: Int32Array;
  readonly offsets: Int32Array;
  /** Of each pair, how many of its ids have the first token type; empty for other texts. */
  readonly seconds: Int32Array;
}

/** A tokenizer in native memory, with a thread of its own. Refuses a call while one runs: queueing is the caller's business. */
export interface NativeTokenizer {
  encode(texts: readonly string[]): Promise<NativeEncoding>;
  /** Of `head` and each of the tails, as one text; what the tails cannot change in the head is computed once. */
  encodeAfter(head: string, tails: readonly string[]): Promise<NativeEncoding>;
  /** Of `first` and each of the others, as pairs; throws TOKENIZER_UNSUPPORTED if the file frames none. */
  encodePairs(first: string, seconds: readonly string[]): Promise<NativeEncoding>;
  /** The text of a token as the file has it, undecoded. */
  token(id: number): string | undefined;
  /** Stops a running call between two texts (its promise rejects with DISPOSED) and frees the memory. May be called twice. */
  dispose(): void;
}

/** Rows of vectors, one behind the other. */
export interface Segment {
  /** Rows x dimensions. */
  readonly vectors: Int8Array;
  /** One a row: vector = scale * int8. */
  readonly scales: Float32Array;
  /** Rows x ceil(dimensions / 8): a bit a dimension, the first the lowest of its byte; those left over are 0. */
  readonly bits?: Uint8Array | undefined;
  /** ceil(rows / 8): a bit a row, the first the lowest of its byte; where it is 1, the row is left out. */
  readonly skip?: Uint8Array | undefined;
}

/** What rows are compared with. The int8 are from -127 to 127, the scale is above 0. */
export interface NativeQuery {
  readonly vector: Int8Array;
  readonly scale: number;
  readonly bits?: Uint8Array | undefined;
}

/** Scans vectors, with a thread of its own. Refuses a call while one runs: queueing is the caller's business. */
export interface NativeScan {
  readonly kernels: string;
  /**
   * Segment, row and score of each of the k best rows in turn. With `candidates` above 0 only so many are compared in
   * int8, those whose bits are most like the query's. The segments' memory is read where it is until the promise
   * settles: it must neither change nor be transferred by then.
   */
  nearest(
    query: NativeQuery,
    segments: readonly Segment[],
    options: { readonly k: number; readonly candidates: number; readonly threads: number },
  ): Promise<Float64Array>;
  /** Ends the running call, if there is one, in a moment: its promise rejects with DISPOSED. */
  stop(): void;
  /** Stops, and ends the thread. May be called twice. */
  dispose(): void;
}

export interface NativeAddon {
  /** `kernels`: one of kernels(), or "" for the best. */
  Scan: new (
    kernels: string,
  ) => NativeScan;
  Tokenizer: new (description: TokenizerDescription) => NativeTokenizer;
  Model: new (
    architecture: string,
    numbers: Hyperparameters,
    tensors: readonly TensorSpec[],
    options: NativeModelOptions,
  ) => NativeModel;
  /** The kernel sets this machine runs, the best first. */
  kernels(): string[];
  /** Versions, and the instruction set that ggml was built for. */
  version(): { qrag: string; ggml: string; instructionSet: string };
  architectures(): NativeArchitecture[];
  /** ggml's own quantization of whole rows. F32 in, bytes of `type` out. */
  quantizeRows(type: string, rows: Float32Array, rowLength: number): Uint8Array;
  /** The values a quantized row stands for. */
  dequantizeRows(type: string, bytes: Uint8Array, rowLength: number): Float32Array;
  /** The class of every error the addon throws. */
  useErrorClass(errorClass: typeof QragError): void;
}
