// Fixture checkpoints, converted once per test file into a temporary folder.
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertCheckpoint } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import type { NativeModel } from "../native/contract.ts";
import { loadModel } from "../src/model/load.ts";
import { type CheckpointName, checkpointPath, tokenizerPath } from "./fixtures.ts";

type Settings = Partial<ConvertOptions>;

/** Converts what is asked for, keeps the results, and removes all of them in the end. */
export class Conversions {
  readonly #folder = mkdtempSync(join(tmpdir(), "qrag-converted-"));
  readonly #paths = new Map<string, Promise<string>>();

  /** The path of the checkpoint's GGUF: F32 unless the settings say otherwise. */
  path(name: CheckpointName, settings: Settings = {}): Promise<string> {
    const key = JSON.stringify([name, settings]);
    let path = this.#paths.get(key);
    if (!path) {
      path = this.#convert(name, join(this.#folder, `${this.#paths.size}.gguf`), settings);
      this.#paths.set(key, path);
    }
    return path;
  }

  async model(
    name: CheckpointName,
    settings: Settings = {},
    kernels = "reference",
  ): Promise<NativeModel> {
    const { model } = await loadModel(await this.path(name, settings), { threads: 1, kernels });
    return model;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  async #convert(name: CheckpointName, output: string, settings: Settings): Promise<string> {
    await convertCheckpoint({
      checkpoint: checkpointPath(name),
      tokenizer: tokenizerPath("bytelevel"),
      output,
      type: "F32",
      ...settings,
    });
    return output;
  }
}
