// Fixtures, converted once per test file into a temporary folder.
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
export abstract class Converted<Name extends string> {
  readonly #folder = mkdtempSync(join(tmpdir(), "qrag-converted-"));
  readonly #paths = new Map<string, Promise<string>>();

  protected abstract source(name: Name): Pick<ConvertOptions, "checkpoint" | "tokenizer">;

  /** The path of the fixture's GGUF: F32 unless the settings say otherwise. */
  path(name: Name, settings: Settings = {}): Promise<string> {
    const key = JSON.stringify([name, settings]);
    let path = this.#paths.get(key);
    if (!path) {
      path = this.#convert(name, join(this.#folder, `${this.#paths.size}.gguf`), settings);
      this.#paths.set(key, path);
    }
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  async #convert(name: Name, output: string, settings: Settings): Promise<string> {
    await convertCheckpoint({ ...this.source(name), output, type: "F32", ...settings });
    return output;
  }
}

/** Decoders. */
export class Conversions extends Converted<CheckpointName> {
  protected override source(name: CheckpointName) {
    return { checkpoint: checkpointPath(name), tokenizer: tokenizerPath("bytelevel") };
  }

  async model(
    name: CheckpointName,
    settings: Settings = {},
    kernels = "reference",
  ): Promise<NativeModel> {
    const { model } = await loadModel(await this.path(name, settings), { threads: 1, kernels });
    return model;
  }
}
