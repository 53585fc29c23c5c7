// A file that is not complete yet: it is appended to, and knows the digest of its content.
import type { Hash } from "node:crypto";
import { type FileHandle, open, rename } from "node:fs/promises";
import { digestInto, startDigest } from "./digest.ts";
import { storing } from "./errors.ts";
import type { HubFile } from "./listing.ts";

export class Part {
  readonly path: string;
  readonly #expected: HubFile;
  readonly #file: FileHandle;
  #hash: Hash;
  #length = 0;

  private constructor(path: string, expected: HubFile, file: FileHandle) {
    this.path = path;
    this.#expected = expected;
    this.#file = file;
    this.#hash = this.#newHash();
  }

  /** Opens what an earlier download has left, or a new file. */
  static async open(
    path: string,
    expected: HubFile,
    signal: AbortSignal | undefined,
  ): Promise<Part> {
    const part = new Part(path, expected, await storing(path, () => open(path, "a+")));
    try {
      const { size } = await part.#file.stat();
      if (size > expected.size) await part.clear();
      else await digestInto(part.#hash, part.#file, signal);
      part.#length = size > expected.size ? 0 : size;
      return part;
    } catch (error) {
      await part.close();
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await storing(this.path, () => this.#file.appendFile(bytes));
    this.#hash.update(bytes);
    this.#length += bytes.length;
  }

  async clear(): Promise<void> {
    await storing(this.path, () => this.#file.truncate(0));
    this.#hash = this.#newHash();
    this.#length = 0;
  }

  /** Of the content so far. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Renames the complete file. */
  async finish(target: string): Promise<void> {
    await storing(target, async () => {
      await this.#file.sync();
      await this.#file.close();
      await rename(this.path, target);
    });
  }

  /** Closing twice does nothing. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #newHash(): Hash {
    return startDigest(this.#expected.digest.algorithm, this.#expected.size);
  }
}
