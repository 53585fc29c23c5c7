// Stand-ins for the native parts: a tokenizer with a token per UTF-16 unit, and a model that judges the text it can read back.

import { QragError } from "../../base/errors.ts";
import type { ScoreMode } from "../../native/contract.ts";
import type { BackgroundTokenizer } from "../../native/tokenizer/background.ts";
import { type PairEncoder, pairEncoder } from "../../src/frames.ts";
import { Gate } from "../../src/gate.ts";
import { type ScoringModel, ScoringQueue } from "../../src/queue/scoring_queue.ts";
import { refusals } from "../../src/refusal/refusal.ts";
import type { SecondOpinion } from "../../src/second_opinion.ts";
import { marginOf } from "../../src/verdict.ts";

export function fakeEncode(text: string): Int32Array {
  return Int32Array.from(text.split(""), (unit) => unit.charCodeAt(0));
}

export const fakeTokenizer: BackgroundTokenizer = {
  vocabularySize: 65_536,
  encode: async (texts) => texts.map(fakeEncode),
  encodeAfter: async (head, tails) => tails.map((tail) => fakeEncode(head + tail)),
  encodePairs: async (first, seconds) =>
    seconds.map((second) => ({ tokens: fakeEncode(first + second), second: first.length })),
  decodeToken: (id) => String.fromCharCode(id),
  dispose() {},
};

export interface FakeBatch {
  readonly mode: ScoreMode;
  readonly texts: readonly string[];
}

/** Computes one macrotask after it is asked, refuses a second call meanwhile, and remembers every batch. */
export class FakeModel implements ScoringModel {
  readonly batches: FakeBatch[] = [];
  disposals = 0;
  /** Runs inside each computation; may throw, and may wait. */
  onScore: (batch: FakeBatch) => void | Promise<void> = () => {};
  readonly #margin: (text: string) => number;
  #cancel: ((error: Error) => void) | undefined;

  constructor(margin: (text: string) => number = (text) => text.length) {
    this.#margin = margin;
  }

  async score(tokens: Int32Array, offsets: Int32Array, mode: ScoreMode): Promise<Float32Array> {
    if (this.#cancel) throw new Error("a second call while one is running");
    const texts = Array.from(offsets.subarray(1), (end, index) =>
      String.fromCharCode(...tokens.subarray(offsets[index], end)),
    );
    const batch = { mode, texts };
    this.batches.push(batch);
    try {
      await Promise.race([
        new Promise<never>((_resolve, reject) => {
          this.#cancel = reject;
        }),
        new Promise(setImmediate).then(() => this.onScore(batch)),
      ]);
    } finally {
      this.#cancel = undefined;
    }
    const margins = texts.map(this.#margin);
    if (mode === "argmax") {
      return Float32Array.from(margins, (margin) => (margin > 0 ? "1" : "0").charCodeAt(0));
    }
    return Float32Array.from(margins.flatMap((margin) => [0, margin]));
  }

  dispose(): void {
    this.disposals++;
    this.#cancel?.(new QragError("DISPOSED", "disposed"));
  }
}

/** A margin for a FakeModel: the number in the passage, "... =1.5", and -1 without one. */
export const byNumber = (text: string) => Number(/=(-?[\d.]+)/.exec(text)?.[1] ?? -1);

/** Puts both texts into "query|passage". */
export const fakeEncoder = (tokenizer: BackgroundTokenizer = fakeTokenizer): PairEncoder =>
  pairEncoder({ kind: "prompt", system: "", template: "{query}|{passage}" }, tokenizer)!;

/** A gate on a made-up model whose margin is a function of the whole prompt, "query|passage". */
export function fakeGate({
  model = new FakeModel(),
  contextLength = 200,
  fullVocabulary = true,
  offset = 0,
  scripts,
  secondOpinion,
  embedder,
}: {
  model?: FakeModel;
  contextLength?: number;
  fullVocabulary?: boolean;
  offset?: number;
  scripts?: readonly string[];
  secondOpinion?: SecondOpinion;
  embedder?: string;
} = {}): Gate {
  return new Gate({
    queue: new ScoringQueue(model, 2),
    encoder: { ...fakeEncoder(), contextLength },
    tokenizer: fakeTokenizer,
    margin: marginOf({ kind: "decision", tokenIds: [48, 49], labels: ["0", "1"] })!,
    secondOpinion,
    refuse: refusals({ scripts }),
    info: {
      path: "/models/fake.gguf",
      name: "fake",
      architecture: "qrag",
      numbers: {
        contextLength,
        embeddingLength: 32,
        blockCount: 1,
        feedForwardLength: 64,
        headCount: 2,
        headCountKv: 1,
        keyLength: 16,
        ropeDimensionCount: 16,
        vocabularySize: 65_536,
        outputCount: 2,
        normEpsilon: 1e-5,
        ropeFreqBase: 10_000,
      },
      parameters: 1_000_000,
      weightTypes: ["F32"],
      contextLength,
      engine: "reference",
      device: "portable",
      threads: 1,
      decision: [
        { id: 48, text: "0", label: "0" },
        { id: 49, text: "1", label: "1" },
      ],
      scripts,
      languages: undefined,
      earlyExit: undefined,
      embedder,
      offset,
      calibrated: offset !== 0,
      fullVocabulary,
    },
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The code of a QragError a promise is rejected with; anything else is handed on. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof QragError) return error.code;
    throw error;
  }
  return "fulfilled";
}
