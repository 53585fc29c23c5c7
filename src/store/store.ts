// The store as its owner sees it: documents go in, passages that answer a question come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../../base/errors.ts";
import { asyncDispose } from "../async_dispose.ts";
import { checkQuery } from "../given.ts";
import { answerFrom, type StoreAnswer, type StoreAnswerOptions } from "./answer.ts";
import { batchesOf, checkDocuments, type Documents } from "./documents.ts";
import { embedPassages, embedQuery } from "./embedding.ts";
import { type Hit, withoutVector } from "./hits.ts";
import { checkEmbedder, type StoreEmbedder, type StoreGate } from "./models.ts";
import {
  type AddOptions,
  checkAdd,
  checkIds,
  checkReembed,
  checkSearch,
  type ReembedOptions,
  type SearchOptions,
} from "./options.ts";
import type { StoredDocument, StoredPage, StoredPassage, StoreStats } from "./read.ts";
import { reembed } from "./reembed.ts";
import type { VectorModel } from "./settings.ts";
import { knownTo, sharedModel, toldOf } from "./shared_vectors.ts";
import { type Chosen, takeSteps } from "./steps.ts";
import type { StoreThread } from "./thread.ts";
import type { Verification } from "./verify.ts";
import type { Written } from "./write.ts";

/** The thread of SQLite; tests pass one that is none. */
export type Operating = Pick<StoreThread, "call" | "close">;

export interface StoreParts {
  readonly thread: Operating;
  readonly embedder: StoreEmbedder | undefined;
  /** An embedder that is the store's own to dispose. */
  readonly own?: { dispose(): Promise<void> } | undefined;
  readonly stateEmbedder: StoreEmbedder | undefined;
  readonly gate: StoreGate | undefined;
  /** Whose vectors these are. */
  readonly model?: VectorModel | undefined;
}

const defaultTopK = 10;

export class Store {
  readonly #thread: Operating;
  /** What judges the hits; undefined where the store was opened without one. */
  readonly gate: StoreGate | undefined;
  readonly #own: StoreParts["own"];
  #embedder: StoreEmbedder | undefined;
  #stateEmbedder: StoreEmbedder | undefined;
  #model: VectorModel | undefined;
  /** One change after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();

  /** Use `openStore`, which puts the parts together. */
  constructor({ thread, embedder, own, stateEmbedder, gate, model }: StoreParts) {
    this.#thread = thread;
    this.#own = own;
    this.#embedder = embedder;
    this.#stateEmbedder = stateEmbedder;
    this.gate = gate;
    this.#model = model;
  }

  /**
   * Adds documents, and replaces those whose text has changed. Unchanged ones cost nothing. They are written in batches,
   * each of them whole or not at all.
   */
  async add(documents: Documents, options?: AddOptions): Promise<Written> {
    const checked = checkAdd("add", options);
    checkDocuments(documents);
    return this.#change(() => this.#put(documents, checked, false));
  }

  /** As `add`, but every document has to be there. */
  async update(documents: Documents, options?: AddOptions): Promise<Written> {
    const checked = checkAdd("update", options);
    checkDocuments(documents);
    return this.#change(() => this.#put(documents, checked, true));
  }

  /** Returns how many of the documents were there. */
  async remove(ids: Iterable<string>): Promise<number> {
    const checked = checkIds(ids);
    return this.#change(() => this.#thread.call("remove", [checked]));
  }

  /** The documents in the order of their ids. */
  async *list(): AsyncGenerator<StoredDocument, void> {
    for (let after = ""; ; ) {
      const page = await this.#thread.call("documentsAfter", [after]);
      yield* page;
      const last = page.at(-1);
      if (!last) return;
      after = last.id;
    }
  }

  /** All passages, in the order in which they were added. */
  async *passages(): AsyncGenerator<StoredPassage, void> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: StoredPage = await this.#thread.call("storedAfter", [after]);
      yield* page.passages;
      after = page.last;
    }
  }

  async stats(): Promise<StoreStats> {
    return this.#thread.call("stats", []);
  }

  /** Reads everything, and says what does not fit together. */
  async verify(): Promise<Verification> {
    return this.#thread.call("verify", []);
  }

  /** Gives back the room of what was removed, and orders the indexes. */
  async compact(): Promise<void> {
    return this.#change(() => this.#thread.call("compact", []));
  }

  /** Makes all vectors again, of another embedder, which the store then uses. Until then it keeps the old ones. */
  async reembed(embedder: StoreEmbedder, options?: ReembedOptions): Promise<void> {
    const checked = checkReembed(options);
    checkEmbedder(embedder);
    return this.#change(async () => {
      this.#model = await reembed(this.#thread, embedder, checked);
      this.#embedder = embedder;
      this.#stateEmbedder = checked.stateEmbedder;
    });
  }

  /**
   * The passages that fit a question best, the best first. With a gate each comes with its verdict, as soon as it is
   * there; leaving the loop stops the work.
   */
  search(query: string, options?: SearchOptions): AsyncGenerator<Hit, void> {
    const has = { embedder: !!this.#embedder, gate: !!this.gate };
    return this.#search(checkQuery(query), checkSearch(options, has));
  }

  /** Answers from the passages that the gate lets through, or refuses; with the places that were given. */
  async answer(query: string, options: StoreAnswerOptions): Promise<StoreAnswer> {
    const { gate } = this;
    if (!gate) {
      throw new QragError("INPUT_INVALID", "An answer needs a gate: openStore(path, { gate })");
    }
    const model = options.mode === "keyword" ? undefined : sharedModel(gate, this.#model);
    const all = { vectors: model !== undefined };
    const search = (text: string, wanted: SearchOptions) =>
      this.search(text, { ...wanted, ...all });
    const told = toldOf(gate, model, (text, signal) => this.#embed(text, signal));
    return answerFrom(search, told, query, options);
  }

  /** Ends after what is being written. May be called twice. */
  async dispose(): Promise<void> {
    await this.#thread.close();
    await this.#own?.dispose();
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const change = this.#lastChange.then(work);
    this.#lastChange = change.catch(() => {});
    return change;
  }

  async #put(
    documents: Documents,
    { onProgress, signal }: AddOptions,
    known: boolean,
  ): Promise<Written> {
    const total = Array.isArray(documents) ? documents.length : undefined;
    let sum: Written = { added: 0, updated: 0, unchanged: 0, passages: 0 };
    let done = 0;
    for await (const batch of batchesOf(documents, signal)) {
      const texts = await this.#thread.call("prepare", [batch, known]);
      const matrix =
        this.#embedder && texts.length > 0
          ? await embedPassages(this.#embedder, texts, signal)
          : undefined;
      signal?.throwIfAborted();
      const written = await this.#thread.call("commit", [matrix], matrix && [matrix.buffer]);
      sum = {
        added: sum.added + written.added,
        updated: sum.updated + written.updated,
        unchanged: sum.unchanged + written.unchanged,
        passages: sum.passages + written.passages,
      };
      done += batch.length;
      onProgress?.({ done, total, passages: sum.passages });
    }
    return sum;
  }

  async *#search(query: string, options: SearchOptions): AsyncGenerator<Hit, void> {
    const { topK = defaultTopK, mode = "hybrid", explain = false } = options;
    const { weights, filter, signal, vectors = false } = options;
    signal?.throwIfAborted();
    const vector = mode === "keyword" ? undefined : await this.#embed(query, signal);
    const chosen = vector ? await this.#choose(query, vector, options) : [];
    const gate = options.gate === false ? undefined : this.gate;
    const known = gate && vector && sharedModel(gate, this.#model) && knownTo(gate, vector);
    const request = {
      ...{ query, vector, topK, mode, filter, explain, weights, chosen },
      vectors: vectors || known !== undefined,
    };
    const hits = await this.#thread.call("search", [request]);
    signal?.throwIfAborted();
    if (!gate) return yield* hits;
    let index = 0;
    for await (const verdict of gate.stream(query, hits, { signal, ...known })) {
      const hit = hits[index++]!;
      yield { ...(vectors ? hit : withoutVector(hit)), verdict };
    }
  }

  /** What embeds questions, where there are vectors. */
  get #asking(): StoreEmbedder {
    return this.#stateEmbedder ?? this.#embedder!;
  }

  /** The vector of a question, or of one with what was chosen. */
  async #embed(text: string, signal: AbortSignal | undefined): Promise<Float32Array> {
    const keepLength = this.#stateEmbedder !== undefined;
    const vector = await embedQuery(this.#asking, text, { keepLength, signal });
    signal?.throwIfAborted();
    return vector;
  }

  async #choose(
    query: string,
    vector: Float32Array,
    { topK = defaultTopK, steps = 0, stopBelow, filter, signal }: SearchOptions,
  ): Promise<Chosen[]> {
    const { contextLength } = this.#asking.info;
    const bounds = { steps: Math.min(steps, topK), stopBelow, contextLength };
    return takeSteps(query, bounds, {
      embed: async (state) => (state === query ? vector : this.#embed(state, signal)),
      nearest: (vector, chosen) => this.#thread.call("nextStep", [{ vector, chosen, filter }]),
    });
  }
}
