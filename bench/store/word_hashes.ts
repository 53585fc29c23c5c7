// A made-up embedder: words hashed into dimensions. A real one would take hours for a million passages.
import { writeFileSync } from "node:fs";
import type { StoreEmbedder } from "../../src/store/index.ts";
import { type Corpus, functionWords } from "./corpus.ts";

export const dimensions = 384;
/** Numbers of a vector that one word changes. */
const placesOfWord = 16;

/** Texts that share words are near to each other; function words count little, as in a real model. */
export class WordHashes implements StoreEmbedder {
  readonly info: StoreEmbedder["info"];
  readonly #frequent: ReadonlySet<string>;

  /** `path`: a file that stands for the model's. */
  constructor(path: string, { vocabulary }: Corpus) {
    writeFileSync(path, "words hashed into dimensions");
    this.info = { path, name: "word-hashes", dimensions };
    this.#frequent = new Set(vocabulary.slice(0, functionWords));
  }

  async embed(texts: Iterable<string>): Promise<Float32Array[]> {
    return Array.from(texts, (text) => this.vectorOf(text));
  }

  vectorOf(text: string): Float32Array {
    const vector = new Float32Array(dimensions);
    for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
      const weight = this.#frequent.has(word) ? 0.15 : 1;
      let state = hash(word);
      for (let place = 0; place < placesOfWord; place++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        vector[(state >>> 8) % dimensions]! += state & 0x80 ? weight : -weight;
      }
    }
    return vector;
  }
}

/** FNV-1a. */
function hash(word: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) {
    state = Math.imul(state ^ word.charCodeAt(i), 0x01000193);
  }
  return state >>> 0;
}
