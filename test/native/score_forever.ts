// The script of worker_threads.test.ts: scores, tokenizes and scans without end until its thread or process is ended in one of several ways.
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { addon } from "../../native/loader.ts";
import { nearest } from "../../native/scan.ts";
import { flatten } from "../../native/tokenizer/flatten.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { openSmallModel } from "./small_model.ts";

const tokens = new Int32Array(100).fill(3);
const offsets = new Int32Array([0, 100]);

/** Two letters and no more: what matters here is its thread. */
const letters = flatten(
  readTokenizer(JSON.stringify({ model: { vocab: { a: 0, b: 1 }, merges: [] } })),
);
const texts = Array(100).fill("ab".repeat(5000)) as string[];

async function tokenizeUntil(ended: () => boolean): Promise<void> {
  const tokenizer = new (addon().Tokenizer)(letters);
  while (!ended()) await tokenizer.encode(texts);
}

async function scanUntil(ended: () => boolean): Promise<void> {
  const vectors = new Int8Array(2_000_000);
  const segments = [{ vectors, scales: new Float32Array(vectors.length / 100) }];
  const query = new Float32Array(100).fill(1);
  while (!ended()) await nearest(query, 100, segments, { k: 3, threads: 2 });
}

async function scoreUntil(ended: () => boolean): Promise<void> {
  const model = await openSmallModel(2, "F32", "");
  void tokenizeUntil(ended);
  void scanUntil(ended);
  parentPort?.postMessage("ready");
  while (!ended()) await model.score(tokens, offsets, "decision");
}

const ending = isMainThread ? process.argv[2] : undefined;
if (ending === "worker") {
  const worker = new Worker(fileURLToPath(import.meta.url));
  worker.once("message", () => void worker.terminate());
} else if (ending === "return") {
  let rounds = 0;
  await scoreUntil(() => ++rounds > 20);
} else {
  void scoreUntil(() => false);
  if (ending !== undefined) {
    setTimeout(() => {
      if (ending === "exit") process.exit(0);
      throw new Error("on purpose");
    }, 100);
  }
}
