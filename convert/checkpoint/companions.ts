// The files that lie beside a checkpoint's weights: its configuration, its tokenizer, how its vectors are pooled.
import { join } from "node:path";
import { fileSource } from "../../gguf/source.ts";
import { invalid } from "../errors.ts";
import { type Config, type ConfigValue, configFromJson } from "./config_value.ts";

/** A configuration has a few kilobytes; a tokenizer.json some tens of megabytes. */
const maxJsonBytes = 1024 * 1024;
const maxTextBytes = 128 * 1024 * 1024;

export class Companions {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The text of a file, by its path below the folder; undefined where there is none. */
  async text(path: string, maxBytes = maxTextBytes): Promise<string | undefined> {
    const source = await fileSource(join(this.folder, path)).catch((error) => {
      if (["ENOENT", "ENOTDIR"].includes(error?.code)) return undefined;
      throw invalid(`${path} cannot be read: ${error?.message}`, error);
    });
    if (!source) return undefined;
    try {
      if (source.size > maxBytes) throw invalid(`${path} is too large`);
      const bytes = await source.read(0, source.size);
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      if (error instanceof TypeError) throw invalid(`${path} is not UTF-8`, error);
      throw error;
    } finally {
      await source.close();
    }
  }

  async json(path: string): Promise<ConfigValue | undefined> {
    const text = await this.text(path, maxJsonBytes);
    if (text === undefined) return undefined;
    try {
      return configFromJson(JSON.parse(text));
    } catch (error) {
      throw invalid(`${path} is not JSON`, error);
    }
  }

  async object(path: string): Promise<Config | undefined> {
    const value = await this.json(path);
    if (value === undefined || value instanceof Map) return value as Config | undefined;
    throw invalid(`${path} is not a JSON object`);
  }
}
