// How late timers are while a store indexes: measured and printed, never judged, since the machine may be busy.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, it } from "vitest";
import { openStore } from "../../src/store/index.ts";
import { folder } from "./bag_of_words.ts";

const { path } = folder();

it("leaves the event loop to others while it indexes", async () => {
  await using store = await openStore(path(), { embedder: false });
  const sentence = "Words that are written here are indexed elsewhere, on a thread of their own. ";
  const documents = Array.from({ length: 300 }, (_, i) => ({
    id: `${i}.md`,
    text: `# Document ${i}\n\n${`${sentence.repeat(8)}\n\n`.repeat(10)}`,
  }));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const { passages } = await store.add(documents);
  const took = performance.now() - start;
  delay.disable();
  clearInterval(timer);
  console.log(
    `${passages} passages in ${took.toFixed(0)} ms; timers late by ${(delay.percentile(50) / 1e6).toFixed(1)} ms at ` +
      `the median, ${(delay.percentile(99) / 1e6).toFixed(1)} ms at the 99th percentile`,
  );
  // On one thread there would be a turn a batch: 5 batches.
  expect(turns).toBeGreaterThan(20);
  expect(passages).toBeGreaterThan(1000);
});
