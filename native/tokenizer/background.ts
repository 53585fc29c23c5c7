// The tokenizer: text to token ids in the addon, on a thread of its own, exactly as the Rust library does with the same file.

import type { NativeEncoding, NativeTokenizer } from "../contract.ts";
import { addon } from "../loader.ts";
import type { Decoder } from "./finish.ts";
import { flatten } from "./flatten.ts";
import { readTokenizer } from "./tokenizer.ts";

/** The ids of a pair of texts; from `second` on they have the second token type (its length, if none has). */
export interface EncodedPair {
  readonly tokens: Int32Array;
  readonly second: number;
}

export interface BackgroundTokenizer {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** The ids of each text, with special tokens and post-processing. Half a surrogate pair counts as U+FFFD. */
  encode(texts: readonly string[]): Promise<Int32Array[]>;
  /** The ids of `head + tail` for each tail; those of the head are computed once, as far as no tail can change them. */
  encodeAfter(head: string, tails: readonly string[]): Promise<Int32Array[]>;
  /** The ids of `first` and each of `seconds` as pairs. Rejects with TOKENIZER_UNSUPPORTED if the file frames no pairs. */
  encodePairs(first: string, seconds: readonly string[]): Promise<EncodedPair[]>;
  /** What the file's decoder makes of this one token, special or not; "" for an id that no token has. */
  decodeToken(id: number): string;
  /** Rejects what is being encoded with DISPOSED, and frees the memory. May be called twice. */
  dispose(): void;
}

/** Reads a tokenizer.json, or throws TOKENIZER_UNSUPPORTED. Its caller disposes what it gives. */
export function openTokenizer(json: string): BackgroundTokenizer {
  const parts = readTokenizer(json);
  // Nothing that stays may refer to the parts: they hold the vocabulary a second time.
  const native = new (addon().Tokenizer)(flatten(parts));
  return new OnThread(native, parts.decode, parts.vocabularySize);
}

type NativeCall = (native: NativeTokenizer) => Promise<NativeEncoding>;

interface Waiting {
  /** Plain texts, which go into one call with those of others; or a call of its own. */
  readonly work: readonly string[] | NativeCall;
  resolve(encoding: NativeEncoding): void;
  reject(error: unknown): void;
}

/** One native call at a time: plain texts asked for meanwhile, or in the same turn, go into the next one together. */
class OnThread implements BackgroundTokenizer {
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

  async encode(texts: readonly string[]): Promise<Int32Array[]> {
    return textsOf(await this.#ask(texts));
  }

  async encodeAfter(head: string, tails: readonly string[]): Promise<Int32Array[]> {
    return textsOf(await this.#ask((native) => native.encodeAfter(head, tails)));
  }

  async encodePairs(first: string, seconds: readonly string[]): Promise<EncodedPair[]> {
    const encoding = await this.#ask((native) => native.encodePairs(first, seconds));
    return textsOf(encoding).map((tokens, i) => ({ tokens, second: encoding.seconds[i]! }));
  }

  #ask(work: Waiting["work"]): Promise<NativeEncoding> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const alone = this.#waiting.findIndex(({ work }) => typeof work === "function");
      const count = alone < 0 ? this.#waiting.length : Math.max(1, alone);
      await this.#answer(this.#waiting.splice(0, count));
    }
    this.#running = false;
  }

  async #answer(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    try {
      const call = first!.work;
      if (typeof call === "function") return first!.resolve(await call(this.#native));
      const texts = group.map(({ work }) => work as readonly string[]);
      const { tokens, offsets, seconds } = await this.#native.encode(texts.flat());
      let begin = 0;
      for (const [index, { resolve }] of group.entries()) {
        const end = begin + texts[index]!.length;
        resolve({ tokens, offsets: offsets.subarray(begin, end + 1), seconds });
        begin = end;
      }
    } catch (error) {
      if (group.length === 1) return first!.reject(error);
      // Only the caller whose text was refused should hear of it.
      for (const each of group) await this.#answer([each]);
    }
  }

  decodeToken(id: number): string {
    const token = this.#native.token(id);
    return token === undefined ? "" : this.#decode(token);
  }

  dispose(): void {
    this.#native.dispose();
  }
}

function textsOf({ tokens, offsets }: NativeEncoding): Int32Array[] {
  return Array.from({ length: offsets.length - 1 }, (_, i) =>
    tokens.subarray(offsets[i], offsets[i + 1]),
  );
}
