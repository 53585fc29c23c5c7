// The thread of SQLite: answers one message after the other.
import { parentPort } from "node:worker_threads";
import { QragError } from "../../base/errors.ts";
import type { Failure, Operations, Question, Reply } from "./protocol.ts";
import { StoreFile } from "./store_file.ts";

const file: Operations = new StoreFile();
let last: Promise<void> = Promise.resolve();

parentPort!.on("message", (question: Question) => {
  last = last.then(() => answer(question));
});

async function answer({ id, name, values }: Question): Promise<void> {
  let reply: Reply;
  try {
    const operation = file[name] as (...values: readonly unknown[]) => unknown;
    reply = { id, value: await operation.apply(file, values as unknown[]) };
  } catch (error) {
    reply = { id, failure: failureOf(error) };
  }
  parentPort!.postMessage(reply);
  if (name === "close") parentPort!.close();
}

function failureOf(error: unknown): Failure {
  if (error instanceof QragError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: "INTERNAL", message };
}
