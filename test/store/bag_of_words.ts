// A made-up embedder: a text's vector counts its words, each at a place that its hash tells. It remembers what it was asked.
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { StoreEmbedder } from "../../src/store/index.ts";
import { bagOf } from "./bag.ts";

export class BagOfWords implements StoreEmbedder {
  readonly info: StoreEmbedder["info"];
  readonly asked: string[] = [];
  /** Runs before each call; may throw, and may wait. */
  onEmbed: () => void | Promise<void> = () => {};

  /** `path`: a file that stands for the model's. */
  constructor(path: string, dimensions = 64) {
    this.info = { path, name: "bag", dimensions };
  }

  async embed(texts: Iterable<string>): Promise<Float32Array[]> {
    await this.onEmbed();
    return [...texts].map((text) => {
      this.asked.push(text);
      return bagOf(text, this.info.dimensions);
    });
  }
}

/** A folder that is gone when the test file is done. */
export function folder(): {
  path: (name?: string) => string;
  embedder: (model?: string) => BagOfWords;
} {
  const root = mkdtempSync(join(tmpdir(), "qrag-store-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return {
    path: (name = `${randomUUID()}.qrag`) => join(root, name),
    embedder(model = "model") {
      const path = join(root, `${model}.gguf`);
      writeFileSync(path, model);
      return new BagOfWords(path);
    },
  };
}
