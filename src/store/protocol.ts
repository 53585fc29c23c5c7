// What the thread of SQLite can be asked, and the messages that carry it.
import type { ErrorCode } from "../../base/errors.ts";
import type { GivenDocument } from "./documents.ts";
import type { Hit } from "./hits.ts";
import type { StoredDocument, StoredPage, StoreStats } from "./read.ts";
import type { SearchRequest, StepRequest } from "./search.ts";
import type { VectorModel } from "./settings.ts";
import type { Step } from "./steps.ts";
import type { PassagePage } from "./upkeep.ts";
import type { Verification } from "./verify.ts";
import type { Written } from "./write.ts";

export interface OpenRequest {
  readonly path: string;
  readonly readOnly: boolean;
  readonly waitForWriter: number;
  /** Of the embedder that the store is opened with. */
  readonly model: VectorModel | undefined;
}

/** One at a time, each with the file as the one before has left it; line.ts says which is next. */
export interface Operations {
  open(request: OpenRequest): void;
  /** Compares and splits a batch, keeps it, and returns the texts to embed. `known`: every document must be there. */
  prepare(documents: readonly GivenDocument[], known: boolean): readonly string[];
  /** Writes the batch that is kept, with a row a text. */
  commit(matrix: Float32Array | undefined): Written;
  remove(ids: readonly string[]): number;
  search(request: SearchRequest): Promise<Hit[]>;
  /** The passage nearest to a state, but for those that were chosen. */
  nextStep(request: StepRequest): Promise<Step | undefined>;
  documentsAfter(id: string): StoredDocument[];
  storedAfter(number: number): Promise<StoredPage>;
  stats(): StoreStats;
  verify(): Verification;
  compact(): void;
  /** Returns the number of a new generation of vectors. */
  beginGeneration(): number;
  passagesAfter(number: number): PassagePage;
  addToGeneration(
    generation: number,
    model: VectorModel,
    numbers: readonly number[],
    matrix: Float32Array,
  ): void;
  finishGeneration(model: VectorModel, generation: number, last: number): boolean;
  close(): void;
}

export type OperationName = keyof Operations;

export interface Question {
  readonly id: number;
  readonly name: OperationName;
  readonly values: readonly unknown[];
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export type Reply = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly failure: Failure }
);
