// The tokenizer that scoring uses: in C++, on a thread of its own, or in TypeScript where that one cannot do it.

import { QragError } from "../../base/errors.ts";
import type { NativeTokenizer } from "../contract.ts";
import { addon } from "../loader.ts";
import type { Decoder } from "./finish.ts";
import { flatten, whyNotNative } from "./flatten.ts";
import { readTokenizer, type Tokenizer, typescriptTokenizer } from "./tokenizer.ts";

export interface BackgroundTokenizer {
  /** Which implementation this is, and why if it is not the native one. */
  readonly name: string;
  readonly vocabularySize: number;
  /** As Tokenizer.encode, for several texts. */
  encode(texts: readonly string[]): Promise<Int32Array[]>;
  decodeToken(id: number): string;
  /** Rejects what is being encoded with DISPOSED, and frees the memory. May be called twice. */
  dispose(): void;
}

/** Reads a tokenizer.json, or throws TOKENIZER_UNSUPPORTED. Its caller disposes what it gives. */
export function openTokenizer(json: string): BackgroundTokenizer {
  const parts = readTokenizer(json);
  const reason = whyNotNative(parts);
  if (reason !== undefined) return new InPlace(typescriptTokenizer(parts), reason);
  // Nothing that stays may refer to the parts: they hold the vocabulary a second time.
  const native = new (addon().Tokenizer)(flatten(parts));
  return new OnThread(native, parts.decode, parts.vocabularySize);
}

interface Waiting {
  readonly texts: readonly string[];
  resolve(ids: Int32Array[]): void;
  reject(error: unknown): void;
}

/** One native call at a time: what is asked for meanwhile, or in the same turn, goes into the next one together. */
class OnThread implements BackgroundTokenizer {
  readonly name = "native";
  readonly vocabularySize: number;
  readonly #native: NativeTokenizer;
  readonly #decode: Decoder;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(native: NativeTokenizer, decode: Decoder, vocabularySize: number) {
    this.#native = native;
    this.#decode = decode;
    this.vocabularySize = vocabularySize;
  }

  encode(texts: readonly string[]): Promise<Int32Array[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ texts, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const { tokens, offsets } = await this.#native.encode(group.flatMap(({ texts }) => texts));
        let index = 0;
        for (const { texts, resolve } of group) {
          resolve(texts.map(() => tokens.subarray(offsets[index], offsets[++index])));
        }
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = false;
  }

  decodeToken(id: number): string {
    const token = this.#native.token(id);
    return token === undefined ? "" : this.#decode(token);
  }

  dispose(): void {
    this.#native.dispose();
  }
}

/** The same face for the one in TypeScript, which works on the calling thread. */
class InPlace implements BackgroundTokenizer {
  readonly name: string;
  readonly vocabularySize: number;
  readonly #tokenizer: Tokenizer;
  #disposed = false;

  constructor(tokenizer: Tokenizer, reason: string) {
    this.name = `typescript (${reason})`;
    this.vocabularySize = tokenizer.vocabularySize;
    this.#tokenizer = tokenizer;
  }

  async encode(texts: readonly string[]): Promise<Int32Array[]> {
    if (this.#disposed) throw new QragError("DISPOSED", "the tokenizer was disposed");
    return texts.map((text) => this.#tokenizer.encode(text));
  }

  decodeToken(id: number): string {
    return this.#tokenizer.decodeToken(id);
  }

  dispose(): void {
    this.#disposed = true;
  }
}
