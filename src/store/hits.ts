// What a search finds, and what told for it.
import type { Verdict } from "../verdict.ts";
import type { Columns } from "./columns.ts";
import type { Connection } from "./connection.ts";
import { damaged } from "./failures.ts";

/** What each side contributed to a hit. */
export interface Explanation {
  /** Ranks count from 0; undefined where the side has not found the passage. */
  readonly vectorRank: number | undefined;
  readonly keywordRank: number | undefined;
  /**
   * The cosine of query and passage, or their inner product where the store has a state embedder; undefined where
   * vectors have not found it.
   */
  readonly similarity: number | undefined;
  /** How much each side's rank counted. */
  readonly weights: { readonly vector: number; readonly keyword: number };
  /** Vector hits farther away than so many times the best one's distance were dropped; not with a state embedder. */
  readonly cutoff: number;
  /** What its likeness to better passages of its document cost it. */
  readonly penalty: number;
  /** The words and pairs of characters that keywords looked for, as FTS5 was given them. */
  readonly words: readonly string[];
  /** Only of a passage that a step has chosen: which step, from 1, and the value it had for the state then. */
  readonly step?: { readonly number: number; readonly value: number };
}

/** A passage that was found, and where it stands. */
export interface Hit {
  /** The headings' path on a line of its own, then the passage as it is written; of HTML, as it reads. */
  readonly text: string;
  /** The document's. */
  readonly id: string;
  readonly path: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly headings: readonly string[];
  /** Of the document's text, from 1: of the file, but of what was extracted if that is a PDF or a DOCX. */
  readonly line: number;
  /** In bytes of the same text in UTF-8. */
  readonly start: number;
  readonly end: number;
  /**
   * The two rankings' together: larger is better, and means nothing across questions. Of a passage that a step has
   * chosen, its value: not to be compared with the scores of the rest.
   */
  readonly score: number;
  /** Only if it was asked for. */
  readonly explain?: Explanation;
  /** Only if it was asked for, and the store has one: as it is kept, rounded to int8. */
  readonly vector?: Int8Array;
  /** Only if a gate has judged it. */
  readonly verdict?: Verdict;
}

/** A hit, or whatever else is judged, without the vector that only the gate needs. */
export function withoutVector<P>(hit: P): P {
  if (typeof hit !== "object" || hit === null || !("vector" in hit)) return hit;
  const { vector: _, ...rest } = hit;
  return rest as P;
}

/** Longer than any passage that a store has written. */
const maxTextBytes = 64 * 1024 * 1024;

export function readHit(
  connection: Connection,
  columns: Columns,
  passage: number,
  score: number,
  explain?: Explanation,
): Hit {
  const size = connection.value("SELECT length(text) FROM passages WHERE number = ?", passage);
  if (typeof size !== "number" || size > maxTextBytes) {
    throw damaged(connection.path, `passage ${passage} cannot be read`);
  }
  const row = connection.get(
    `SELECT passages.text, headings, line, start, stop, id, path, metadata
     FROM passages JOIN documents ON documents.number = passages.document WHERE passages.number = ?`,
    passage,
  );
  if (!row) throw damaged(connection.path, `passage ${passage} belongs to no document`);
  return {
    text: columns.text(row, "text"),
    id: columns.text(row, "id"),
    path: columns.textOrNull(row, "path"),
    metadata: columns.object(row, "metadata"),
    headings: columns.strings(row, "headings"),
    line: columns.count(row, "line"),
    start: columns.count(row, "start"),
    end: columns.count(row, "stop"),
    score,
    ...(explain && { explain }),
  };
}
