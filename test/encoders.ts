// Fixture encoders, converted once per test file into a temporary folder, and opened by the engine.
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertCheckpoint } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import { describeModel } from "../gguf/architecture.ts";
import { readGguf } from "../gguf/read.ts";
import { fileSource } from "../gguf/source.ts";
import type { NativeModel, ScoreMode } from "../native/contract.ts";
import { openModel } from "../native/model.ts";
import { type EncoderName, encoderPath } from "./fixtures.ts";

type Settings = Partial<ConvertOptions>;

export class Encoders {
  readonly #folder = mkdtempSync(join(tmpdir(), "qrag-encoders-"));
  readonly #paths = new Map<string, Promise<string>>();

  /** The path of the encoder's GGUF: F32 unless the settings say otherwise. */
  path(name: EncoderName, settings: Settings = {}): Promise<string> {
    const key = JSON.stringify([name, settings]);
    let path = this.#paths.get(key);
    if (!path) {
      path = this.#convert(name, join(this.#folder, `${this.#paths.size}.gguf`), settings);
      this.#paths.set(key, path);
    }
    return path;
  }

  async open(name: EncoderName, settings: Settings = {}): Promise<OpenedEncoder> {
    return openEncoder(await this.path(name, settings));
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  async #convert(name: EncoderName, output: string, settings: Settings): Promise<string> {
    await convertCheckpoint({ checkpoint: encoderPath(name), output, type: "F32", ...settings });
    return output;
  }
}

export interface OpenedEncoder {
  readonly model: NativeModel;
  /** What it gives. */
  readonly mode: ScoreMode;
}

/** By the reference, on one thread. */
export async function openEncoder(path: string): Promise<OpenedEncoder> {
  const source = await fileSource(path);
  const { architecture, numbers, output, tensors } = describeModel(await readGguf(source));
  const streams = tensors.map(({ offset, byteLength, ...tensor }) => ({
    ...tensor,
    async *chunks() {
      yield await source.read(offset, byteLength);
    },
  }));
  const pooling = output.kind === "vector" ? output.pooling : undefined;
  const model = await openModel(architecture, numbers, streams, { threads: 1, pooling });
  await source.close();
  return { model, mode: pooling ? "embed" : "decision" };
}
