// An embedder on a made-up model, whose vector of a text is a function of it.
import { Embedder } from "../../src/embedder.ts";
import { type ScoringModel, ScoringQueue } from "../../src/queue/scoring_queue.ts";
import { fakeEncode, fakeTokenizer } from "./fakes.ts";

/** Of "[text]": the first and the last letter inside, and the number of letters. */
const lettersOf = (framed: string) => [
  framed.charCodeAt(1),
  framed.charCodeAt(framed.length - 2),
  framed.length,
];

/** Reads "[text]". */
export class VectorModel implements ScoringModel {
  readonly texts: string[] = [];
  disposals = 0;
  /** Runs inside each computation; may throw, and may wait. */
  onScore: () => void | Promise<void> = () => {};
  readonly #vectorOf: (framed: string) => readonly number[];

  constructor(vectorOf: (framed: string) => readonly number[] = lettersOf) {
    this.#vectorOf = vectorOf;
  }

  async score(tokens: Int32Array, offsets: Int32Array): Promise<Float32Array> {
    const framed = Array.from(offsets.subarray(1), (end, index) =>
      String.fromCharCode(...tokens.subarray(offsets[index], end)),
    );
    this.texts.push(...framed);
    await this.onScore();
    return Float32Array.from(framed.flatMap((text) => [...this.#vectorOf(text)]));
  }

  dispose(): void {
    this.disposals++;
  }
}

export function fakeEmbedder({
  model = new VectorModel(),
  dimensions = 3,
  normalized = false,
  contextLength = 64,
}: {
  model?: VectorModel;
  dimensions?: number;
  normalized?: boolean;
  contextLength?: number;
} = {}): Embedder {
  const tokenizer = {
    ...fakeTokenizer,
    encode: async (texts: readonly string[]) => texts.map((text) => fakeEncode(`[${text}]`)),
  };
  return new Embedder({
    queue: new ScoringQueue(model, dimensions),
    encoder: { tokenizer, contextLength },
    tokenizer,
    info: {
      path: "/models/fake.gguf",
      name: "fake embedder",
      architecture: "bert",
      numbers: {
        contextLength,
        embeddingLength: dimensions,
        blockCount: 1,
        feedForwardLength: 4,
        headCount: 1,
        headCountKv: 1,
        keyLength: dimensions,
        vocabularySize: 65_536,
        outputCount: 0,
        tokenTypeCount: 2,
        normEpsilon: 1e-12,
      },
      parameters: 1,
      weightTypes: ["F32"],
      dimensions,
      contextLength,
      pooling: "mean",
      normalized,
      queryText: "q: ",
      passageText: "",
      engine: "reference",
      device: "portable",
      threads: 1,
    },
  });
}
