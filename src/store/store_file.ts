// A store's file on the thread of SQLite: the operations of the protocol, and what is kept between them.
import { QragError } from "../../base/errors.ts";
import { Columns } from "./columns.ts";
import { Connection } from "./connection.ts";
import type { GivenDocument } from "./documents.ts";
import { temporaryAllowed } from "./filter.ts";
import type { Hit } from "./hits.ts";
import type { OpenRequest, Operations } from "./protocol.ts";
import { countPassages, documentsAfter, statsOf, storedAfter } from "./read.ts";
import { ensureSchema } from "./schema.ts";
import { nextStep, type Searched, type SearchRequest, type StepRequest, search } from "./search.ts";
import { readSettings, type Settings, type VectorModel } from "./settings.ts";
import type { Step } from "./steps.ts";
import { TermCounts } from "./term_counts.ts";
import {
  addToGeneration,
  beginGeneration,
  compactStore,
  finishGeneration,
  passagesAfter,
} from "./upkeep.ts";
import { Vectors } from "./vectors.ts";
import { verifyStore } from "./verify.ts";
import { adopt, settingsFor } from "./whose_vectors.ts";
import { type Batch, commit, prepare, removeDocuments, type Written } from "./write.ts";

export class StoreFile implements Operations {
  #opened: { readonly connection: Connection; readonly columns: Columns } | undefined;
  #readOnly = false;
  #model: VectorModel | undefined;
  #batch: Batch | undefined;
  readonly #vectors = new Vectors();
  readonly #counts = new TermCounts();
  #passages = 0;
  /** Of the file when passages were last counted, and vectors read; undefined after a change of our own. */
  #seen: { readonly passages?: unknown; readonly vectors?: unknown } = {};

  open({ path, readOnly, waitForWriter, model }: OpenRequest): void {
    const connection = new Connection(path, { readOnly, waitForWriter });
    try {
      ensureSchema(connection, readOnly);
      connection.exec(temporaryAllowed);
      if (model) adopt(connection, model, readOnly);
      else readSettings(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    this.#opened = { connection, columns: new Columns(path) };
    this.#readOnly = readOnly;
    this.#model = model;
  }

  prepare(documents: readonly GivenDocument[], known: boolean): string[] {
    const { connection } = this.#file;
    this.#settings();
    if (known) refuseUnknown(connection, documents);
    this.#batch = prepare(connection, documents);
    return this.#batch.split.flatMap(({ passages }) => passages.map(({ text }) => text));
  }

  commit(matrix: Float32Array | undefined): Written {
    const batch = this.#batch!;
    this.#batch = undefined;
    if (batch.split.length + batch.renamed.length === 0) {
      return { added: 0, updated: 0, unchanged: batch.unchanged, passages: 0 };
    }
    return this.#write((connection, columns) =>
      commit(connection, columns, this.#settings(), batch, matrix),
    );
  }

  remove(ids: readonly string[]): number {
    return this.#write((connection, columns) => removeDocuments(connection, columns, ids));
  }

  async search(request: SearchRequest): Promise<Hit[]> {
    return this.#read(request.vector !== undefined, (store) => search(store, request));
  }

  async nextStep(request: StepRequest): Promise<Step | undefined> {
    return this.#read(true, (store) => nextStep(store, request));
  }

  documentsAfter(id: string) {
    const { connection, columns } = this.#file;
    return documentsAfter(connection, columns, id);
  }

  /** From one state of the file. */
  async storedAfter(number: number) {
    const { connection, columns } = this.#file;
    return connection.read(() => storedAfter(connection, columns, number));
  }

  stats() {
    const { connection } = this.#file;
    return statsOf(connection, readSettings(connection));
  }

  verify() {
    const { connection, columns } = this.#file;
    return verifyStore(connection, columns, readSettings(connection), this.#readOnly);
  }

  compact(): void {
    const { connection, columns } = this.#file;
    this.#seen = {};
    compactStore(connection, columns);
  }

  beginGeneration(): number {
    return beginGeneration(this.#file.connection);
  }

  passagesAfter(number: number) {
    const { connection, columns } = this.#file;
    return passagesAfter(connection, columns, number);
  }

  addToGeneration(
    generation: number,
    model: VectorModel,
    numbers: readonly number[],
    matrix: Float32Array,
  ): void {
    const { connection, columns } = this.#file;
    addToGeneration(connection, columns, generation, model, numbers, matrix);
  }

  finishGeneration(model: VectorModel, generation: number, last: number): boolean {
    const { connection, columns } = this.#file;
    this.#seen = {};
    const finished = finishGeneration(connection, columns, { model, generation }, last);
    if (finished) this.#model = model;
    return finished;
  }

  close(): void {
    this.#opened?.connection.close();
    this.#opened = undefined;
  }

  get #file() {
    if (this.#opened) return this.#opened;
    throw new QragError("DISPOSED", "The store has been closed");
  }

  #write<T>(work: (connection: Connection, columns: Columns) => T): T {
    const { connection, columns } = this.#file;
    this.#seen = {};
    return connection.write(() => work(connection, columns));
  }

  async #read<T>(forVectors: boolean, work: (store: Searched) => Promise<T>): Promise<T> {
    const { connection, columns } = this.#file;
    return connection.read(() => {
      this.#refresh(forVectors);
      const products = this.#model?.stateDigest !== undefined;
      return work({
        connection,
        columns,
        vectors: this.#vectors,
        counts: this.#counts,
        passages: this.#passages,
        products,
      });
    });
  }

  /** Another process may have embedded the store anew since it was opened. */
  #settings(): Settings {
    return settingsFor(this.#file.connection, this.#model);
  }

  #refresh(forVectors: boolean): void {
    const { connection, columns } = this.#file;
    const version = connection.value("PRAGMA data_version");
    if (this.#seen.passages !== version) {
      this.#passages = countPassages(connection);
      this.#counts.refresh(connection, this.#passages);
      this.#seen = { ...this.#seen, passages: version };
    }
    if (forVectors && this.#passages > 0 && this.#seen.vectors !== version) {
      this.#vectors.refresh(connection, columns, this.#settings());
      this.#seen = { ...this.#seen, vectors: version };
    }
  }
}

function refuseUnknown(connection: Connection, documents: readonly GivenDocument[]): void {
  for (const { id } of documents) {
    if (connection.value("SELECT 1 FROM documents WHERE id = ?", id)) continue;
    throw new QragError(
      "INPUT_INVALID",
      `The store has no document ${JSON.stringify(id.slice(0, 80))} to update. Use add for new ones.`,
    );
  }
}
