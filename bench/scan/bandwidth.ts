// How fast this machine reads memory: the C library's search for a byte that is not there, on several threads at once.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Plain JavaScript, so that no loader runs in it: fills its memory, and reads it when told to. */
const reader = `
const { parentPort, workerData } = require("node:worker_threads");
const memory = Buffer.alloc(workerData, 1);
parentPort.on("message", () => {
  const begun = performance.now();
  memory.indexOf(2);
  parentPort.postMessage(performance.now() - begun);
});
parentPort.postMessage("ready");
`;

/** Bytes a second that `threads` threads read together, each from its own share of `bytes`: the best of some rounds. */
export async function readBandwidth(threads: number, bytes: number): Promise<number> {
  const share = Math.floor(bytes / threads);
  const workers = Array.from(
    { length: threads },
    () => new Worker(reader, { eval: true, workerData: share }),
  );
  await Promise.all(workers.map((worker) => once(worker, "message")));
  let best = 0;
  for (let round = 0; round < 9; round++) {
    const taken = workers.map(async (worker): Promise<number> => {
      const answer = once(worker, "message");
      worker.postMessage("read");
      return (await answer)[0];
    });
    const longest = Math.max(...(await Promise.all(taken)));
    best = Math.max(best, (threads * share) / (longest / 1000));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return best;
}
