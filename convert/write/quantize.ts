// Turns rows of F32 into the bytes of a tensor type, slice by slice, and keeps account of what is lost.

import { quote } from "../../base/quote.ts";
import { rowBytes, type TensorTypeName, tensorTypes } from "../../gguf/format.ts";
import type { NativeAddon } from "../../native/contract.ts";
import { invalid } from "../errors.ts";

/** ggml's own quantization, as the addon gives it. */
export type RowCodec = Pick<NativeAddon, "quantizeRows" | "dequantizeRows">;

/** What a tensor lost. */
export interface QuantizationError {
  /** Root mean square of the error, as a fraction of the root mean square of the values. */
  readonly relative: number;
  /** The largest error of one value. */
  readonly largest: number;
}

/** Values in one call: large enough that calls do not count, small against the largest tensor. */
const sliceValues = 1 << 20;

/** Gives tensors the wanted type, or half precision where their rows are no whole number of its blocks. */
export class TypeChoice {
  private readonly fallbacks = new Map<string, string[]>();

  choose(name: string, wanted: TensorTypeName, rowLength: number): TensorTypeName {
    if (rowLength % tensorTypes[wanted].blockLength === 0) return wanted;
    const reason = `F16 instead of ${wanted}: rows of ${rowLength} are no whole number of its blocks`;
    this.fallbacks.set(reason, [...(this.fallbacks.get(reason) ?? []), name]);
    return "F16";
  }

  /** Where the wanted type did not fit. */
  get notes(): string[] {
    return [...this.fallbacks].map(([reason, [first, ...others]]) => {
      const more = others.length > 0 ? ` and ${others.length} more are` : " is";
      return `${first}${more} stored as ${reason}`;
    });
  }
}

/** `values` as bytes of a type, in one piece and without an account. */
export function encodeRows(
  codec: RowCodec,
  name: string,
  type: TensorTypeName,
  values: Float32Array,
  rowLength: number,
): Uint8Array {
  const result = new Uint8Array((values.length / rowLength) * rowBytes(type, rowLength));
  let at = 0;
  for (const slice of slices(values, rowLength)) {
    squaresOf(slice, name);
    const bytes = type === "F32" ? bytesOf(slice) : codec.quantizeRows(type, slice, rowLength);
    result.set(bytes, at);
    at += bytes.length;
  }
  return result;
}

export class Quantizer {
  private readonly codec: RowCodec;
  private readonly name: string;
  private readonly type: TensorTypeName;
  private squares = 0;
  private errorSquares = 0;
  private largest = 0;

  constructor(codec: RowCodec, name: string, type: TensorTypeName) {
    this.codec = codec;
    this.name = name;
    this.type = type;
  }

  /** The bytes of `values`, which are whole rows; piece by piece. */
  *chunks(values: Float32Array, rowLength: number): Generator<Uint8Array> {
    for (const slice of slices(values, rowLength)) {
      this.squares += squaresOf(slice, this.name);
      if (this.type === "F32") {
        yield bytesOf(slice);
        continue;
      }
      const bytes = this.codec.quantizeRows(this.type, slice, rowLength);
      this.compare(slice, this.codec.dequantizeRows(this.type, bytes, rowLength));
      yield bytes;
    }
  }

  /** After all chunks. */
  get error(): QuantizationError {
    return {
      relative: this.squares === 0 ? 0 : Math.sqrt(this.errorSquares / this.squares),
      largest: this.largest,
    };
  }

  private compare(values: Float32Array, stored: Float32Array): void {
    let squares = 0;
    let largest = this.largest;
    for (let i = 0; i < values.length; i++) {
      const error = Math.abs(values[i]! - stored[i]!);
      squares += error * error;
      if (error > largest) largest = error;
    }
    if (!Number.isFinite(squares)) {
      throw invalid(
        `tensor ${quote(this.name)} holds values too large for ${this.type}; choose another type`,
      );
    }
    this.errorSquares += squares;
    this.largest = largest;
  }
}

function* slices(values: Float32Array, rowLength: number): Generator<Float32Array> {
  const step = Math.max(1, Math.floor(sliceValues / rowLength)) * rowLength;
  for (let at = 0; at < values.length; at += step) yield values.subarray(at, at + step);
}

/** ggml's quantizers do not expect values that are not finite, and no model means them. */
function squaresOf(values: Float32Array, name: string): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  if (Number.isFinite(squares)) return squares;
  throw invalid(`tensor ${quote(name)} holds values that are not finite`);
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
