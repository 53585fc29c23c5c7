// Fixture encoders, converted once per test file into a temporary folder, and opened by the engine.
import type { ConvertOptions } from "../convert/options.ts";
import type { NativeModel, ScoreMode } from "../native/contract.ts";
import { loadModel } from "../src/model/load.ts";
import { Converted } from "./converted.ts";
import { type EncoderName, encoderPath } from "./fixtures.ts";

export class Encoders extends Converted<EncoderName> {
  protected override source(name: EncoderName) {
    return { checkpoint: encoderPath(name) };
  }

  /** By the reference, on one thread. */
  async open(name: EncoderName, settings: Partial<ConvertOptions> = {}): Promise<OpenedEncoder> {
    const loaded = await loadModel(await this.path(name, settings), {
      threads: 1,
      kernels: "reference",
    });
    loaded.tokenizer.dispose();
    const { kind } = loaded.description.output;
    return { model: loaded.model, mode: kind === "vector" ? "embed" : "decision" };
  }
}

export interface OpenedEncoder {
  readonly model: NativeModel;
  /** What it gives. */
  readonly mode: ScoreMode;
}
