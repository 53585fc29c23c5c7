// The embedder: texts go in here, vectors come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../base/errors.ts";
import type { Hyperparameters, Pooling } from "../gguf/architecture.ts";
import type { BackgroundTokenizer } from "../native/tokenizer/background.ts";
import { asyncDispose } from "./async_dispose.ts";
import { checkEmbed, checkTexts, type EmbedOptions } from "./embed_options.ts";
import type { ScoringQueue } from "./queue/scoring_queue.ts";
import { inputsOf, type TextEncoder } from "./text_inputs.ts";

/** What is loaded, and how it runs. */
export interface EmbedderInfo {
  readonly path: string;
  readonly name: string | undefined;
  readonly architecture: string;
  readonly numbers: Hyperparameters;
  readonly parameters: number;
  /** Tensor types in the file, the largest share first. */
  readonly weightTypes: readonly string[];
  /** Of a vector. */
  readonly dimensions: number;
  /** Tokens of a text that the model reads at once. */
  readonly contextLength: number;
  readonly pooling: Pooling;
  /** Whether vectors have length 1. */
  readonly normalized: boolean;
  /** What is put before a query, and before a passage. */
  readonly queryText: string;
  readonly passageText: string;
  readonly engine: "fast" | "reference";
  /** The instruction set of the kernels. */
  readonly device: string;
  readonly threads: number;
}

/** A text's vector, and how many of its tokens the model read, those before and behind every text included. */
export interface Embedded {
  readonly vector: Float32Array;
  readonly tokens: number;
}

export interface EmbedderParts {
  readonly queue: ScoringQueue;
  readonly encoder: TextEncoder;
  readonly tokenizer: Pick<BackgroundTokenizer, "dispose">;
  readonly info: EmbedderInfo;
}

export class Embedder {
  readonly info: EmbedderInfo;
  readonly #parts: EmbedderParts;

  /** Use `loadEmbedder`, which puts the parts together. */
  constructor(parts: EmbedderParts) {
    this.info = parts.info;
    this.#parts = parts;
  }

  /** The vectors of the texts, in their order. */
  async embed(texts: Iterable<string>, options?: EmbedOptions): Promise<Float32Array[]> {
    const checked = checkTexts(texts);
    const width = this.#width(options);
    const matrix = new Float32Array(checked.length * width);
    await this.embedInto(matrix, checked, options);
    return checked.map((_, row) => matrix.subarray(row * width, (row + 1) * width));
  }

  /** Writes the vectors into a matrix, one row a text. */
  async embedInto(
    matrix: Float32Array,
    texts: Iterable<string>,
    options?: EmbedOptions,
  ): Promise<void> {
    const width = this.#width(options);
    const list = checkTexts(texts);
    if (!(matrix instanceof Float32Array) || matrix.length !== list.length * width) {
      throw new QragError(
        "INPUT_INVALID",
        `Expected a Float32Array of ${list.length} x ${width} numbers for the matrix`,
      );
    }
    const row = (index: number) => matrix.subarray(index * width, (index + 1) * width);
    const embedded = this.#embed(list, checkEmbed(options, width), row);
    while (!(await embedded.next()).done);
  }

  /** The vectors in order, each as soon as its batch is done; leaving the loop stops the work. */
  stream(texts: Iterable<string>, options?: EmbedOptions): AsyncGenerator<Embedded, void> {
    const width = this.#width(options);
    return this.#embed(
      checkTexts(texts),
      checkEmbed(options, width),
      () => new Float32Array(width),
    );
  }

  /** Rejects whatever is queued or running with DISPOSED and frees the model. May be called twice. */
  async dispose(): Promise<void> {
    const ended = this.#parts.queue.dispose();
    this.#parts.tokenizer.dispose();
    await ended;
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** `rowFor` gives the memory of a text's vector. */
  async *#embed(
    texts: readonly string[],
    options: EmbedOptions,
    rowFor: (index: number) => Float32Array,
  ): AsyncGenerator<Embedded, void> {
    const { queue, encoder, info } = this.#parts;
    const { as = "passage", long = "cut", normalize = info.normalized } = options;
    const prefix = as === "query" ? info.queryText : info.passageText;
    const inputs = inputsOf(encoder, prefix, texts, long);
    let index = 0;
    let vector: Float32Array = new Float32Array();
    let tokens = 0;
    const run = { mode: "embed", signal: options.signal } as const;
    for await (const { sequence, values } of queue.run(inputs, run)) {
      if (tokens === 0) vector = rowFor(index).fill(0);
      addScaled(vector, values, sequence.tokens.length);
      tokens += sequence.tokens.length;
      if (!sequence.last) continue;
      finish(vector, normalize ? lengthOf(vector) : tokens);
      index++;
      options.onProgress?.({ done: index, total: texts.length });
      yield { vector, tokens };
      tokens = 0;
    }
  }

  #width(options: EmbedOptions | undefined): number {
    const { dimensions } = this.info;
    return checkEmbed(options, dimensions).dimensions ?? dimensions;
  }
}

/** The cosine of two vectors of one length. */
export function similarity(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) {
    throw new QragError(
      "INPUT_INVALID",
      `Expected vectors of one length but received ${a.length} and ${b.length} numbers`,
    );
  }
  let product = 0;
  for (let i = 0; i < a.length; i++) product += a[i]! * b[i]!;
  return product / (lengthOf(a) * lengthOf(b) || 1);
}

function addScaled(sum: Float32Array, values: Float32Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      throw new QragError(
        "MODEL_INVALID",
        `The model gave ${value}: its weights are damaged or overflow. Convert it again, or use F32 weights.`,
      );
    }
    sum[i]! += value * factor;
  }
}

function finish(vector: Float32Array, divisor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i]! /= divisor || 1;
}

function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}
