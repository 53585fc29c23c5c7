// Questions kept for `qrag mine`, only where a file for them is named.
import { appendFile } from "node:fs/promises";
import { QragError } from "../../base/errors.ts";

export const logHelp =
  "      --log FILE      add the question to a file that `qrag mine --questions FILE` reads; default: it is not kept";

/** One write a line, so that several processes can share the file; nobody else may read a new one. */
export async function logQuestion(path: string | undefined, question: string): Promise<void> {
  if (path === undefined || question.trim() === "") return;
  const line = `${JSON.stringify({ q: question })}\n`;
  await appendFile(path, line, { mode: 0o600 }).catch((cause: Error) => {
    const message = `The question could not be added to ${path}: ${cause.message}`;
    throw new QragError("OUTPUT_FAILED", message, { cause });
  });
}
