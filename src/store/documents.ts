// What a store is given: documents by id, each checked when its turn comes, in batches of a bounded size.
import { QragError } from "../../base/errors.ts";
import { bounded, flag, isObject, refuse } from "../checks.ts";
import type { SourceDocument } from "../passages/split.ts";

/** A document of the caller's. */
export interface StoreDocument {
  readonly id: string;
  /** Of a PDF or a DOCX, what was extracted from it: plain text with a form feed behind each page, or HTML. */
  readonly text: string;
  /** Where it comes from. Its ending tells the format; without a path the id's does. */
  readonly path?: string | undefined;
  /** Anything that JSON can hold. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Take the text as one passage, as it is: for text that is cut already. Default false. */
  readonly whole?: boolean | undefined;
}

export type Documents =
  | Iterable<StoreDocument | SourceDocument>
  | AsyncIterable<StoreDocument | SourceDocument>;

/** A document as it goes to the thread of SQLite. */
export interface GivenDocument {
  readonly id: string;
  readonly text: string;
  readonly path: string | null;
  /** JSON. */
  readonly metadata: string;
  /** Not to be split. */
  readonly whole: boolean;
}

/** In UTF-16 units. */
export const documentLimits = {
  id: 4096,
  text: 16 * 1024 * 1024,
  metadata: 64 * 1024,
} as const;

/** A batch is full with so many documents, or with so much text. Larger ones are faster, and hold searches up longer. */
const batchLimits = { documents: 256, text: 256 * 1024 } as const;

export async function* batchesOf(
  documents: Documents,
  signal: AbortSignal | undefined,
): AsyncGenerator<GivenDocument[], void> {
  let batch: GivenDocument[] = [];
  let length = 0;
  let index = 0;
  for await (const document of checkDocuments(documents)) {
    signal?.throwIfAborted();
    const checked = checkDocument(document, `documents[${index++}]`);
    batch.push(checked);
    length += checked.text.length;
    if (batch.length < batchLimits.documents && length < batchLimits.text) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  if (batch.length > 0) yield batch;
}

export function checkDocuments(documents: Documents): Documents {
  const many =
    isObject(documents) &&
    (typeof documents[Symbol.iterator as never] === "function" ||
      typeof documents[Symbol.asyncIterator as never] === "function");
  return many ? documents : refuse("an iterable of documents", "documents", documents);
}

function checkDocument(document: unknown, name: string): GivenDocument {
  if (!isObject(document)) return refuse("an object with an id and a text", name, document);
  const { id = document.path, text, path, metadata = {}, whole = false } = document;
  if (typeof text !== "string") return refuse("a string", `${name}.text`, text);
  return {
    id: checkId(id, `${name}.id`),
    // SQLite ends a text at a NUL. A space is as long, so that places stay right.
    text: bounded(text, `${name}.text`, documentLimits.text).replaceAll("\0", " "),
    path: path === undefined ? null : checkId(path, `${name}.path`),
    metadata: bounded(jsonOf(metadata, name), `${name}.metadata`, documentLimits.metadata),
    whole: flag(whole, `${name}.whole`),
  };
}

export function checkId(id: unknown, name: string): string {
  return typeof id === "string" && id !== "" && !id.includes("\0")
    ? bounded(id, name, documentLimits.id)
    : refuse("some text without a NUL", name, id);
}

function jsonOf(metadata: unknown, name: string): string {
  if (!isObject(metadata) || Array.isArray(metadata)) {
    return refuse("an object", `${name}.metadata`, metadata);
  }
  try {
    return JSON.stringify(metadata) ?? "{}";
  } catch (cause) {
    const message = `${name}.metadata cannot be written as JSON: ${(cause as Error).message}`;
    throw new QragError("INPUT_INVALID", message, { cause });
  }
}
