// Who is next on the thread of SQLite: changes and questions take turns, so that neither waits for all of the other.
import type { OperationName, Question } from "./protocol.ts";

const changes: ReadonlySet<OperationName> = new Set<OperationName>([
  "prepare",
  "commit",
  "remove",
  "compact",
  "beginGeneration",
  "passagesAfter",
  "addToGeneration",
  "finishGeneration",
]);

export class Line {
  readonly #changes: Question[] = [];
  readonly #others: Question[] = [];
  readonly #closing: Question[] = [];
  #lastWasChange = false;

  add(question: Question): void {
    const { name } = question;
    if (name === "close") this.#closing.push(question);
    else (changes.has(name) ? this.#changes : this.#others).push(question);
  }

  /** Undefined: nobody waits. To close comes last. */
  next(): Question | undefined {
    const [first, second] = this.#lastWasChange
      ? [this.#others, this.#changes]
      : [this.#changes, this.#others];
    const question = first.shift() ?? second.shift() ?? this.#closing.shift();
    if (question) this.#lastWasChange = changes.has(question.name);
    return question;
  }
}
