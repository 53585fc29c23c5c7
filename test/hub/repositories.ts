// Repositories of fixtures for the hub on this machine, and a cache for each test.
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpointPath, type EncoderName, encoderPath, tokenizerPath } from "../fixtures.ts";
import { HubServer, type Repository } from "./hub_server.ts";

export const firstCommit = "1".repeat(40);
export const secondCommit = "2".repeat(40);

/** The folder of an encoder, as it is. */
export function encoderRepository(name: EncoderName, commit = firstCommit): Repository {
  const folder = encoderPath(name);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return {
    commit,
    files: Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path))])),
  };
}

/** A decoder, in files of the names that the published gate has. */
export function decoderRepository(): Repository {
  return {
    commit: firstCommit,
    files: {
      "pytorch_model.pt": readFileSync(checkpointPath("llama")),
      "tokenizer.json": readFileSync(tokenizerPath("bytelevel")),
    },
  };
}

export class HubSetting {
  readonly server: HubServer;
  readonly cache: string;

  private constructor(server: HubServer, cache: string) {
    this.server = server;
    this.cache = cache;
  }

  static async open(): Promise<HubSetting> {
    const cache = await mkdtemp(join(tmpdir(), "qrag-hub-"));
    return new HubSetting(await new HubServer().start(), cache);
  }

  get env(): Record<string, string> {
    return { HF_ENDPOINT: this.server.endpoint, QRAG_CACHE: this.cache };
  }

  async close(): Promise<void> {
    this.server.stop();
    await rm(this.cache, { recursive: true, force: true });
  }
}
