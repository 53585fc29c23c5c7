// What SQLite says went wrong, as errors that say what to do.
import { QragError } from "../../base/errors.ts";

/** SQLite's primary result codes. */
const codes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  notADatabase: 26,
} as const;

export function explained(path: string, error: unknown): Error {
  if (!(error instanceof Error) || error instanceof QragError) return error as Error;
  const { errcode } = error as { errcode?: unknown };
  if (typeof errcode !== "number") return error;
  const said = error.message;
  switch (errcode & 0xff) {
    case codes.busy:
    case codes.locked:
      return new QragError(
        "STORE_BUSY",
        `${path} is being written by another process. Try again when it is done, or wait longer with waitForWriter.`,
        { cause: error },
      );
    case codes.notADatabase:
      return invalid(path, "is not a store of qrag's, or its beginning is damaged.");
    case codes.corrupt:
    case codes.tooBig:
      return damaged(path, said, error);
    case codes.readOnly:
      return new QragError("OUTPUT_FAILED", `${path} cannot be written: ${said}`, { cause: error });
    case codes.io:
    case codes.full:
      return new QragError("OUTPUT_FAILED", `${path} cannot be read or written: ${said}`, {
        cause: error,
      });
    case codes.cannotOpen:
      return new QragError("STORE_NOT_FOUND", `${path} cannot be opened: ${said}`, {
        cause: error,
      });
    default:
      return new QragError("INTERNAL", `${path}: SQLite failed: ${said}`, { cause: error });
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
