// The texts a gate is given, and their vectors, checked before anything else looks at them.
import { QragError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { bounded, isObject, refuse, someVector } from "./checks.ts";
import { type JudgeOptions, limits } from "./options.ts";
import { roundedVector } from "./rounded_vector.ts";

/**
 * A text, or any object that carries one. Its vector, a Float32Array or an Int8Array, is looked at only where the options
 * give the query's.
 */
export type Passage = string | { readonly text: string; readonly vector?: unknown };

/** A passage as it is judged: with its vector, rounded, where one was given. */
export interface GivenPassage {
  readonly text: string;
  readonly vector?: Int8Array | undefined;
}

/** A query as it is judged. */
export interface Asked {
  readonly query: string;
  readonly vector: Int8Array | undefined;
}

/** A query of nothing but white space is refused: it is a mistake of the caller's, and every verdict would be noise. */
export function checkQuery(query: unknown): string {
  if (typeof query !== "string") return refuse("a string", "query", query);
  if (query.trim() === "") return refuse("some text", "query", query);
  return bounded(query, "query", limits.queryLength);
}

/**
 * The text of a passage, read once. It may be empty: a model whose file names the scripts it reads is then not asked and
 * the passage refused, any other sees a prompt with nothing in its place.
 */
export function checkPassage(passage: unknown, name: string): string {
  const text = isObject(passage) ? passage.text : passage;
  if (typeof text !== "string") return refuse("a string or an object with a text", name, passage);
  return bounded(text, name, limits.passageLength);
}

/** A query, with its vector where the options give one of the gate's own embedder. */
export function checkAsked(
  query: unknown,
  { queryVector, embedder }: JudgeOptions,
  own: string | undefined,
): Asked {
  const text = checkQuery(query);
  if (queryVector === undefined && embedder === undefined)
    return { query: text, vector: undefined };
  if (queryVector === undefined || embedder === undefined) {
    throw new QragError(
      "INPUT_INVALID",
      "queryVector needs embedder beside it, which says whose vectors they are, and embedder needs queryVector",
    );
  }
  if (embedder !== own) throw otherVectors(embedder, own);
  return { query: text, vector: rounded(queryVector, "queryVector") };
}

function otherVectors(embedder: string, own: string | undefined): QragError {
  const taken =
    own === undefined
      ? "this gate takes no vectors"
      : `this gate takes those of the embedder ${own}`;
  return new QragError(
    "INPUT_INVALID",
    `The vectors are of the embedder ${quote(embedder)}, and ${taken}: leave queryVector and embedder out`,
  );
}

/** A copy: what becomes of the caller's memory afterwards changes no verdict. */
function rounded(given: unknown, name: string): Int8Array {
  const vector = someVector(given, name);
  if (vector.length === 0) return refuse("a vector that is not empty", name, given);
  if (vector instanceof Int8Array) return vector.slice();
  const strange = vector.findIndex((value) => !Number.isFinite(value));
  if (strange < 0) return roundedVector(vector);
  throw new QragError(
    "INPUT_INVALID",
    `Expected finite numbers for ${name} but received ${vector[strange]} at ${strange}`,
  );
}

/** A passage, read once; its vector only beside a query's, and of the same length. */
export function checkGiven(passage: unknown, name: string, { vector }: Asked): GivenPassage {
  const text = checkPassage(passage, name);
  if (!vector || !isObject(passage)) return { text };
  const given = passage.vector;
  if (given === undefined || given === null) return { text };
  const found = rounded(given, `${name}.vector`);
  if (found.length === vector.length) return { text, vector: found };
  throw new QragError(
    "INPUT_INVALID",
    `Expected ${vector.length} numbers for ${name}.vector, as queryVector has, but received ${found.length}`,
  );
}

/** All passages at once, so that a bad one is refused before any work is done. */
export function checkPassages<P>(
  passages: Iterable<P>,
  asked: Asked,
): { list: P[]; given: GivenPassage[] } {
  const list: P[] = [];
  const given: GivenPassage[] = [];
  for (const passage of checkIterable(passages)) {
    if (list.length === limits.passages) {
      const message = `Expected at most ${limits.passages} passages in one call. Use stream, or several calls.`;
      throw new QragError("INPUT_INVALID", message);
    }
    given.push(checkGiven(passage, `passages[${list.length}]`, asked));
    list.push(passage);
  }
  return { list, given };
}

/** A single string is iterable too, and never meant: it would be judged letter by letter. */
export function checkIterable<P>(passages: Iterable<P>, name = "passages"): Iterable<P> {
  const many =
    isObject(passages) && typeof (passages as Iterable<P>)[Symbol.iterator] === "function";
  return many ? passages : refuse(`an array or another iterable of ${name}`, name, passages);
}
