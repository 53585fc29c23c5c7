// Opens the files of labelled rows and of BEIR folders for the readers in src/eval.
import { QragError } from "../../base/errors.ts";
import { type EvalRow, readRows as readRowLines, type TextLine } from "../eval/rows.ts";
import type { Io } from "./io.ts";
import { linesOf, readInput } from "./lines.ts";

export async function readRows(io: Io, path: string): Promise<EvalRow[]> {
  return readRowLines(openLines(io, path), path === "-" ? "standard input" : path);
}

/** The lines of a file; what is wrong with one is told with the file's name. */
export async function* openLines(io: Io, path: string): AsyncGenerator<TextLine, void> {
  try {
    yield* linesOf(readInput(io, path));
  } catch (cause) {
    if (!(cause instanceof QragError) || cause.message.startsWith(path)) throw cause;
    throw new QragError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
