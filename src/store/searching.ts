// A question to a store: embedded and searched, and once more where all vectors were made anew meanwhile.
import { quantize } from "../../native/quantize.ts";
import { embedQuery } from "./embedding.ts";
import type { Hit } from "./hits.ts";
import type { StoreEmbedder, StoreGate } from "./models.ts";
import type { SearchOptions } from "./options.ts";
import type { VectorModel } from "./settings.ts";
import { type Chosen, takeSteps } from "./steps.ts";
import type { StoreThread } from "./thread.ts";

/** What embeds passages and questions, and whose vectors these are. */
export interface Models {
  readonly embedder: StoreEmbedder | undefined;
  readonly stateEmbedder: StoreEmbedder | undefined;
  readonly model: VectorModel | undefined;
}

/** What a gate is told, so that it computes no vectors: the hits have theirs. */
export interface Known {
  readonly queryVector: Int8Array;
  readonly embedder: string;
}

export interface Found {
  readonly hits: readonly Hit[];
  /** Only where the vectors are of the embedder that the gate asks for a second opinion. */
  readonly known: Known | undefined;
}

const defaultTopK = 10;

export class Searching {
  readonly #thread: Pick<StoreThread, "call">;
  /** Replaced as a whole, as soon as all vectors are another model's. */
  models: Models;

  constructor(thread: Pick<StoreThread, "call">, models: Models) {
    this.#thread = thread;
    this.models = models;
  }

  /** `options` were checked. `gate`: what is to judge the hits. */
  async find(query: string, options: SearchOptions, gate: StoreGate | undefined): Promise<Found> {
    for (;;) {
      const { models } = this;
      try {
        const found = await this.#findBy(models, query, options, gate);
        if (models === this.models) return found;
      } catch (error) {
        if (models === this.models) throw error;
      }
      // Vectors of one model were compared with those of another: that was no search.
      options.signal?.throwIfAborted();
    }
  }

  async #findBy(
    models: Models,
    query: string,
    options: SearchOptions,
    gate: StoreGate | undefined,
  ): Promise<Found> {
    const { topK = defaultTopK, mode = "hybrid", explain = false, vectors = false } = options;
    const { weights, filter, signal } = options;
    signal?.throwIfAborted();
    const vector = mode === "keyword" ? undefined : await embed(models, query, signal);
    const chosen = vector ? await this.#choose(models, query, vector, options) : [];
    const known = gate && vector && knownTo(gate, models, vector);
    const hits = await this.#thread.call("search", [
      {
        ...{ query, vector, topK, mode, filter, explain, weights, chosen },
        vectors: vectors || known !== undefined,
      },
    ]);
    signal?.throwIfAborted();
    return { hits, known };
  }

  async #choose(
    models: Models,
    query: string,
    vector: Float32Array,
    { topK = defaultTopK, steps = 0, stopBelow, filter, signal }: SearchOptions,
  ): Promise<Chosen[]> {
    const { contextLength } = askingOf(models).info;
    const bounds = { steps: Math.min(steps, topK), stopBelow, contextLength };
    return takeSteps(query, bounds, {
      embed: async (state) => (state === query ? vector : embed(models, state, signal)),
      nearest: (vector, chosen) => this.#thread.call("nextStep", [{ vector, chosen, filter }]),
    });
  }
}

/** What embeds questions, where there are vectors. */
function askingOf({ embedder, stateEmbedder }: Models): StoreEmbedder {
  return stateEmbedder ?? embedder!;
}

/** The vector of a question, or of one with what was chosen. */
async function embed(
  models: Models,
  text: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const keepLength = models.stateEmbedder !== undefined;
  const vector = await embedQuery(askingOf(models), text, { keepLength, signal });
  signal?.throwIfAborted();
  return vector;
}

/** `vector` has the length 1. A state embedder's vectors of questions are not the embedder's. */
function knownTo(
  { info }: StoreGate,
  { model, stateEmbedder }: Models,
  vector: Float32Array,
): Known | undefined {
  if (!model || stateEmbedder || model.digest !== info.embedder) return undefined;
  return { queryVector: quantize(vector).int8, embedder: model.digest };
}
