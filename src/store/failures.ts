// What SQLite says went wrong, as errors that say what to do.
import { type ErrorCode, QragError } from "../../base/errors.ts";

/** SQLite's primary result codes that a user can do something about, with SQLite's words for them. */
const kinds = [
  { code: 5, kind: "busy", words: "database is locked" },
  { code: 6, kind: "busy", words: "database table is locked" },
  { code: 7, kind: "memory", words: "out of memory" },
  { code: 8, kind: "unwritable", words: "attempt to write a readonly database" },
  { code: 10, kind: "unwritable", words: "disk I/O error" },
  { code: 11, kind: "damaged", words: "database disk image is malformed" },
  { code: 11, kind: "damaged", words: "malformed database schema" },
  { code: 11, kind: "damaged", words: "fts5: corrupt" },
  { code: 11, kind: "damaged", words: "vtable constructor failed" },
  { code: 13, kind: "unwritable", words: "database or disk is full" },
  { code: 14, kind: "absent", words: "unable to open database file" },
  { code: 18, kind: "damaged", words: "string or blob too big" },
  // What is written here breaks no rule of a sound file's.
  { code: 19, kind: "damaged", words: "constraint failed" },
  { code: 26, kind: "foreign", words: "file is not a database" },
] as const;

/** Some versions give some errors without their number. */
function kindOf(error: Error): (typeof kinds)[number]["kind"] | undefined {
  const { errcode } = error as { errcode?: unknown };
  const found = kinds.find(
    ({ code, words }) =>
      (typeof errcode === "number" && (errcode & 0xff) === code) || error.message.includes(words),
  );
  return found?.kind;
}

export function explained(path: string, error: unknown): Error {
  if (!(error instanceof Error) || error instanceof QragError) return error as Error;
  const problem = (code: ErrorCode, text: string) =>
    new QragError(code, `${path} ${text}`, { cause: error });
  switch (kindOf(error)) {
    case "busy":
      return problem(
        "STORE_BUSY",
        "is being written by another process. Try again when it is done, or wait longer with waitForWriter.",
      );
    case "memory":
      return problem("OUT_OF_MEMORY", "needs more memory than there is");
    case "unwritable":
      return problem("OUTPUT_FAILED", `cannot be read or written: ${error.message}`);
    case "absent":
      return problem("STORE_NOT_FOUND", `cannot be opened: ${error.message}`);
    case "foreign":
      return invalid(path, "is not a store of qrag's, or its beginning is damaged.");
    case "damaged":
      return damaged(path, error.message, error);
    default:
      return problem("INTERNAL", `could not be used: SQLite failed: ${error.message}`);
  }
}

/** The remedy is the same whatever is broken: a store holds nothing that its documents do not give again. */
export function damaged(path: string, problem: string, cause?: unknown): QragError {
  return new QragError(
    "STORE_INVALID",
    `${path} is damaged: ${problem}. Delete it and index the documents again, or restore a copy.`,
    { cause },
  );
}

export function invalid(path: string, problem: string): QragError {
  return new QragError("STORE_INVALID", `${path} ${problem}`);
}
