// Encodes a GGUF header; values that their type cannot hold are refused, nothing is silently changed.

import { quote } from "../base/quote.ts";
import {
  GgufError,
  type Metadata,
  type MetadataValue,
  magic,
  type Scalar,
  type ScalarType,
  type TensorEntry,
  tensorTypes,
  writtenVersion,
} from "./format.ts";
import { arrayId, numberFormats, scalarIds } from "./scalars.ts";

/** A tensor and its data's place, counted from the beginning of all data. */
export type PlacedTensor = TensorEntry & { readonly offset: number };

/** The header without the padding that follows it. */
export function encodeHeader(metadata: Metadata, tensors: readonly PlacedTensor[]): Uint8Array {
  const encoder = new Encoder();
  encoder.scalar("u32", magic);
  encoder.scalar("u32", writtenVersion);
  encoder.count(tensors.length);
  encoder.count(metadata.size);
  for (const [key, value] of metadata) {
    encoder.subject = key;
    encoder.scalar("string", key);
    encoder.value(value);
  }
  for (const { name, type, shape, offset } of tensors) {
    encoder.subject = name;
    encoder.scalar("string", name);
    encoder.scalar("u32", shape.length);
    for (const dimension of shape) encoder.count(dimension);
    encoder.scalar("u32", tensorTypes[type].id);
    encoder.count(offset);
  }
  return encoder.bytes();
}

/** Bytes that grow at their end. */
class Encoder {
  /** The metadata key or tensor that is being written, for errors. */
  subject = "";
  #buffer = Buffer.alloc(64 * 1024);
  #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  count(value: number): void {
    if (!Number.isSafeInteger(value)) this.#refuse(value, "a count");
    this.scalar("u64", BigInt(value));
  }

  value(value: MetadataValue): void {
    if (value.type !== "array") {
      this.scalar("u32", scalarIds[value.type]);
      this.scalar(value.type, value.value);
      return;
    }
    this.scalar("u32", arrayId);
    this.scalar("u32", scalarIds[value.of]);
    this.count(value.value.length);
    for (const element of value.value) this.scalar(value.of, element);
  }

  scalar(type: ScalarType, value: Scalar): void {
    if (type === "string") {
      this.#text(value);
    } else if (type === "bool") {
      if (typeof value !== "boolean") this.#refuse(value, "a bool");
      const at = this.#room(1);
      this.#buffer[at] = value ? 1 : 0;
    } else {
      const { bytes, set, holds } = numberFormats[type];
      if (!holds(value)) this.#refuse(value, type);
      const at = this.#room(bytes);
      set(this.#view, at, value as never);
    }
  }

  #text(value: Scalar): void {
    // A lone surrogate has no UTF-8; written, it would come back as U+FFFD.
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) this.#refuse(value, "a text");
    const bytes = Buffer.byteLength(value, "utf8");
    this.count(bytes);
    const at = this.#room(bytes);
    this.#buffer.write(value, at, bytes, "utf8");
  }

  #refuse(value: unknown, type: string): never {
    const shown = typeof value === "string" ? quote(value) : String(value);
    throw new GgufError("invalid", `cannot store ${shown} as ${type}`, { key: this.subject });
  }

  /** Makes room for `length` bytes and returns where they begin. The buffer may be another one afterwards. */
  #room(length: number): number {
    const begin = this.#length;
    this.#length += length;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, begin);
      this.#buffer = larger;
      this.#view = new DataView(larger.buffer, larger.byteOffset);
    }
    return begin;
  }
}
