// The thread of SQLite: answers one message after the other.
import { setImmediate } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { QragError } from "../../base/errors.ts";
import { Line } from "./line.ts";
import type { Failure, Operations, Question, Reply } from "./protocol.ts";
import { StoreFile } from "./store_file.ts";

const file: Operations = new StoreFile();
const line = new Line();
let running = false;

parentPort!.on("message", (question: Question) => {
  line.add(question);
  void run();
});

async function run(): Promise<void> {
  if (running) return;
  running = true;
  for (let next = line.next(); next; next = line.next()) {
    await answer(next);
    // What has come meanwhile may have its turn now.
    await setImmediate();
  }
  running = false;
}

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
