// The store as its owner sees it: documents go in, passages that answer a question come out.
/// <reference lib="esnext.disposable" preserve="true" />

import { QragError } from "../../base/errors.ts";
import { asyncDispose } from "../async_dispose.ts";
import { checkQuery } from "../given.ts";
import { answerFrom, type StoreAnswer, type StoreAnswerOptions } from "./answer.ts";
import { batchesOf, checkDocuments, type Documents } from "./documents.ts";
import { embedPassages } from "./embedding.ts";
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
import { type Models, Searching } from "./searching.ts";
import type { StoreThread } from "./thread.ts";
import type { Verification } from "./verify.ts";
import type { Written } from "./write.ts";

/** The thread of SQLite; tests pass one that is none. */
export type Operating = Pick<StoreThread, "call" | "close">;

export interface StoreParts extends Models {
  readonly thread: Operating;
  /** An embedder that is the store's own to dispose. */
  readonly own?: { dispose(): Promise<void> } | undefined;
  readonly gate: StoreGate | undefined;
}

export class Store {
  readonly #thread: Operating;
  /** What judges the hits; undefined where the store was opened without one. */
  readonly gate: StoreGate | undefined;
  readonly #own: StoreParts["own"];
  readonly #searching: Searching;
  /** One change after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();

  /** Use `openStore`, which puts the parts together. */
  constructor({ thread, embedder, own, stateEmbedder, gate, model }: StoreParts) {
    this.#thread = thread;
    this.#own = own;
    this.gate = gate;
    this.#searching = new Searching(thread, { embedder, stateEmbedder, model });
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
      const model = await reembed(this.#thread, embedder, checked);
      const { stateEmbedder } = checked;
      this.#searching.models = { embedder, stateEmbedder, model };
    });
  }

  /**
   * The passages that fit a question best, the best first. With a gate each comes with its verdict, as soon as it is
   * there; leaving the loop stops the work.
   */
  search(query: string, options?: SearchOptions): AsyncGenerator<Hit, void> {
    return this.#search(checkQuery(query), checkSearch(options, this.#has));
  }

  /** Answers from the passages that the gate lets through, or refuses; with the places that were given. */
  async answer(query: string, options: StoreAnswerOptions): Promise<StoreAnswer> {
    const { gate } = this;
    if (!gate) {
      throw new QragError("INPUT_INVALID", "An answer needs a gate: openStore(path, { gate })");
    }
    const find = (text: string, wanted: SearchOptions) =>
      this.#searching.find(checkQuery(text), checkSearch(wanted, this.#has), gate);
    return answerFrom(find, gate, query, options);
  }

  /** Ends after what is being written. May be called twice. */
  async dispose(): Promise<void> {
    await this.#thread.close();
    await this.#own?.dispose();
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  get #has() {
    return { embedder: this.#searching.models.embedder !== undefined, gate: !!this.gate };
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
      const { embedder } = this.#searching.models;
      const matrix =
        embedder && texts.length > 0 ? await embedPassages(embedder, texts, signal) : undefined;
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
    const { gate: wanted = true } = options;
    const gate = typeof wanted === "boolean" ? (wanted ? this.gate : undefined) : wanted;
    const { hits, known } = await this.#searching.find(query, options, gate);
    if (!gate) return yield* hits;
    const { signal, vectors = false } = options;
    let index = 0;
    for await (const verdict of gate.stream(query, hits, { signal, ...known })) {
      const hit = hits[index++]!;
      yield { ...(vectors ? hit : withoutVector(hit)), verdict };
    }
  }
}
