// Writes GGUF files: planGguf lays a file out, GgufWriter streams it to a sink tensor by tensor.

import type { ByteSink } from "../base/byte_sink.ts";
import { quote } from "../base/quote.ts";
import { encodeHeader, type PlacedTensor } from "./encode.ts";
import {
  alignUp,
  GgufError,
  type Metadata,
  type TensorEntry,
  type TensorInfo,
  tensorBytes,
} from "./format.ts";
import { alignmentOf } from "./metadata.ts";
import { parseHeader } from "./read.ts";

/** A file laid out: its header, padding included, and where each tensor's bytes go. */
export interface GgufPlan {
  readonly header: Uint8Array;
  /** In the order they are written. */
  readonly tensors: readonly TensorInfo[];
  readonly size: number;
}

/**
 * Lays a file out, tensors in the order given. The alignment is the metadata's `general.alignment`, 32 without.
 * The same input gives the same bytes.
 */
export function planGguf(metadata: Metadata, tensors: readonly TensorEntry[]): GgufPlan {
  const alignment = alignmentOf(metadata);
  const placed: PlacedTensor[] = [];
  let dataBytes = 0;
  for (const tensor of tensors) {
    placed.push({ ...tensor, offset: dataBytes });
    dataBytes += alignUp(tensorBytes(tensor), alignment);
  }
  const encoded = encodeHeader(metadata, placed);
  const header = new Uint8Array(alignUp(encoded.length, alignment));
  header.set(encoded);
  const size = header.length + dataBytes;
  // The reader holds the rules of the format; what it would refuse is not written.
  return { header, tensors: parseHeader(header, size).tensors, size };
}

/** Writes a planned file from beginning to end. After an error it goes no further, and `finish` fails too. */
export class GgufWriter {
  readonly #plan: GgufPlan;
  readonly #sink: ByteSink;
  #next = 0;
  #headerWritten = false;
  /** What is being written; it stays when that fails. */
  #underWay: string | undefined;

  constructor(plan: GgufPlan, sink: ByteSink) {
    this.#plan = plan;
    this.#sink = sink;
  }

  /** Writes one tensor's bytes, in pieces of any size. Tensors come in the plan's order, one at a time. */
  async writeTensor(
    name: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const { tensors, size } = this.#plan;
    const tensor = tensors[this.#next];
    if (tensor?.name !== name) {
      const turn = tensor === undefined ? "all are written" : `${quote(tensor.name)} is next`;
      throw new GgufError("invalid", `this tensor is not next to be written: ${turn}`, {
        key: name,
      });
    }
    await this.#alone(name, async () => {
      this.#next += 1;
      await this.#writeHeader();
      await this.#writeData(tensor, chunks);
      const end = tensors[this.#next]?.offset ?? size;
      await this.#sink.write(new Uint8Array(end - tensor.offset - tensor.byteLength));
    });
  }

  /** Call it last: it proves that the whole file was written. */
  async finish(): Promise<void> {
    const missing = this.#plan.tensors[this.#next];
    if (missing !== undefined) {
      throw new GgufError("invalid", "this tensor was not written", { key: missing.name });
    }
    await this.#alone("the header", () => this.#writeHeader());
  }

  async #alone(what: string, write: () => Promise<void>): Promise<void> {
    if (this.#underWay !== undefined) {
      const problem = `the file cannot go on: writing ${quote(this.#underWay)} failed or is not over yet`;
      throw new GgufError("invalid", problem, { key: what });
    }
    this.#underWay = what;
    await write();
    this.#underWay = undefined;
  }

  async #writeHeader(): Promise<void> {
    if (this.#headerWritten) return;
    await this.#sink.write(this.#plan.header);
    this.#headerWritten = true;
  }

  async #writeData(
    { name, byteLength }: TensorInfo,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const fail = (given: string) => {
      const problem = `the tensor has ${byteLength} bytes and was given ${given}`;
      throw new GgufError("invalid", problem, { key: name });
    };
    let written = 0;
    for await (const bytes of chunks) {
      if (written + bytes.length > byteLength) fail("more");
      await this.#sink.write(bytes);
      written += bytes.length;
    }
    if (written < byteLength) fail(String(written));
  }
}
