// Runs candidate wirings through the engine: how surprising each finds a text, how many labelled rows it gets right.
import { type Decision, expectedTensors, qrag } from "../../gguf/architecture.ts";
import type { Hyperparameters, NativeModel, ScoreMode } from "../../native/contract.ts";
import { openModel, type TensorStream } from "../../native/model.ts";
import type { DecoderParts } from "../architectures/decoder_parts.ts";
import { type Wiring, wiredPieces } from "../architectures/wiring.ts";
import { interleaveHalves, type Piece, readPiece } from "../write/pieces.ts";
import { encodeRows, type RowCodec } from "../write/quantize.ts";
import type { Measurement } from "./wiring.ts";

/** A token sequence whose answer is known. */
export interface LabelledTokens {
  readonly tokens: Int32Array;
  readonly label: "0" | "1";
}

/** What a model is made of, its wiring aside. */
export interface Candidates {
  readonly parts: DecoderParts;
  readonly decision: Decision;
}

export interface Trial {
  /** Tokens of the text. */
  readonly text: Int32Array;
  readonly rows: readonly LabelledTokens[];
}

export interface MeasureOptions {
  readonly codec: RowCodec;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/** Below this many values a model fits the caches even in full precision. */
const smallModel = 4_000_000;
/** Tokens in one call, where attention looks at all pairs. */
const batchTokens = 1024;

/** Holds the weights in half precision, so that a candidate costs a copy and not a reading of the checkpoint. */
export class CandidateModels {
  private readonly candidates: Candidates;
  private readonly trial: Trial;
  private readonly options: MeasureOptions;
  /** The rows of each piece as the checkpoint orders them, by where they lie. */
  private readonly stored = new Map<string, Uint8Array>();

  constructor(candidates: Candidates, trial: Trial, options: MeasureOptions) {
    this.candidates = candidates;
    this.trial = trial;
    this.options = options;
  }

  async measure(wiring: Wiring): Promise<Measurement> {
    const { threads, signal } = this.options;
    const numbers = this.numbers(wiring);
    const streams = this.streams(numbers, wiring);
    const model = await openModel("qrag", numbers, streams, { threads, signal });
    try {
      return {
        surprise: await this.surprise(model, numbers.contextLength),
        accuracy: this.trial.rows.length > 0 ? await this.accuracy(model) : undefined,
      };
    } finally {
      model.dispose();
    }
  }

  private numbers(wiring: Wiring): Hyperparameters {
    const { parts, decision } = this.candidates;
    return {
      ...parts.sizes,
      outputCount: decision.tokenIds.length,
      normEpsilon: wiring.normEpsilon,
      ropeFreqBase: wiring.ropeBase,
    };
  }

  private streams(numbers: Hyperparameters, wiring: Wiring): TensorStream[] {
    const { parts, decision } = this.candidates;
    const pieces = wiredPieces(parts, decision, wiring);
    let values = 0;
    for (const { rows, rowLength } of parts.pieces.values()) values += rows * rowLength;
    const wanted = values < smallModel ? "F32" : "F16";
    return expectedTensors(qrag, { numbers, tiedEmbeddings: false }).flatMap(
      ({ name, shape, types }) => {
        const piece = pieces.get(name);
        const type = types.length === 1 ? "F32" : wanted;
        return piece ? [{ name, type, shape, chunks: () => this.chunks(piece, type) }] : [];
      },
    );
  }

  private async *chunks(piece: Piece, type: "F32" | "F16"): AsyncGenerator<Uint8Array> {
    const { tensor, firstRow, rows, rowLength, picked, halves } = piece;
    const place = `${tensor.name}:${firstRow}${picked ? ":picked" : ""}`;
    let bytes = this.stored.get(place);
    if (!bytes) {
      const { halves: _, ...plain } = piece;
      bytes = encodeRows(this.options.codec, tensor.name, type, await readPiece(plain), rowLength);
      this.stored.set(place, bytes);
    }
    yield halves ? interleaveHalves(bytes, bytes.length / rows, halves) : bytes;
  }

  private async surprise(model: NativeModel, contextLength: number): Promise<number> {
    const sequences = cut(this.trial.text, Math.min(contextLength, batchTokens));
    let total = 0;
    let predicted = 0;
    for (const batch of batches(sequences)) {
      for (const surprise of await this.score(model, batch, "surprise")) total += surprise;
      for (const tokens of batch) predicted += tokens.length - 1;
    }
    const mean = total / predicted;
    return Number.isFinite(mean) ? mean : Number.POSITIVE_INFINITY;
  }

  private async accuracy(model: NativeModel): Promise<number> {
    const { rows } = this.trial;
    const { labels } = this.candidates.decision;
    const best = (scores: Float32Array, label: string) =>
      Math.max(...scores.filter((_, index) => labels[index] === label));
    let right = 0;
    let at = 0;
    for (const batch of batches(rows.map(({ tokens }) => tokens))) {
      const scores = await this.score(model, batch, "decision");
      for (let index = 0; index < batch.length; index++) {
        const own = scores.subarray(index * labels.length, (index + 1) * labels.length);
        const answer = best(own, "1") > best(own, "0") ? "1" : "0";
        if (answer === rows[at++]!.label) right++;
      }
    }
    return right / rows.length;
  }

  private score(
    model: NativeModel,
    batch: readonly Int32Array[],
    mode: ScoreMode,
  ): Promise<Float32Array> {
    this.options.signal?.throwIfAborted();
    const offsets = new Int32Array(batch.length + 1);
    for (const [index, { length }] of batch.entries()) {
      offsets[index + 1] = offsets[index]! + length;
    }
    const tokens = new Int32Array(offsets[batch.length]!);
    for (const [index, sequence] of batch.entries()) tokens.set(sequence, offsets[index]);
    return model.score(tokens, offsets, mode);
  }
}

/** Pieces of at most `length` tokens, and of at least two: a first token is not predicted. */
function cut(tokens: Int32Array, length: number): Int32Array[] {
  const pieces: Int32Array[] = [];
  for (let at = 0; at + 1 < tokens.length; at += length) pieces.push(tokens.slice(at, at + length));
  return pieces;
}

/** Sequences that fit one call together. */
function* batches(sequences: readonly Int32Array[]): Generator<Int32Array[]> {
  let batch: Int32Array[] = [];
  let tokens = 0;
  for (const sequence of sequences) {
    if (batch.length > 0 && tokens + sequence.length > batchTokens) {
      yield batch;
      batch = [];
      tokens = 0;
    }
    batch.push(sequence);
    tokens += sequence.length;
  }
  if (batch.length > 0) yield batch;
}
