// How many documents may be in work: those of one request, and those of all requests together.
import { Problem } from "./problem.ts";

export class Admission {
  /** Of one request. */
  readonly maxDocuments: number;
  readonly #maxQueue: number;
  #taken = 0;

  constructor({ maxDocuments, maxQueue }: { maxDocuments: number; maxQueue: number }) {
    this.maxDocuments = maxDocuments;
    this.#maxQueue = maxQueue;
  }

  /** Documents that wait or are worked on. */
  get taken(): number {
    return this.#taken;
  }

  check(documents: number): void {
    if (documents <= this.maxDocuments) return;
    throw new Problem(
      422,
      `Expected at most ${this.maxDocuments} documents but received ${documents}`,
    );
  }

  /** Admits documents and hands on what `work` makes of them, a result for each. What is left ends with it. */
  async *through<T>(documents: number, work: () => AsyncIterable<T>): AsyncGenerator<T, void> {
    this.#take(documents);
    let left = documents;
    try {
      for await (const result of work()) {
        this.#taken--;
        left--;
        yield result;
      }
    } finally {
      this.#taken -= left;
    }
  }

  #take(documents: number): void {
    this.check(documents);
    if (this.#taken > 0 && this.#taken + documents > this.#maxQueue) {
      throw new Problem(429, "The queue is full. Try again later.", { "retry-after": "1" });
    }
    this.#taken += documents;
  }
}
