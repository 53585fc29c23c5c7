// How long the caller's thread is held up while a store indexes: measured and printed, never judged, since the machine may be busy.
import { expect, it } from "vitest";
import { TurnWatch, turnsText } from "../../bench/store/turns.ts";
import { openStore } from "../../src/store/index.ts";
import { folder } from "./bag_of_words.ts";

const { path } = folder();

it("leaves the event loop to others while it indexes", { timeout: 300_000 }, async () => {
  await using store = await openStore(path(), { embedder: false });
  const sentence = "Words that are written here are indexed elsewhere, on a thread of their own. ";
  const documents = Array.from({ length: 300 }, (_, i) => ({
    id: `${i}.md`,
    text: `# Document ${i}\n\n${`${sentence.repeat(8)}\n\n`.repeat(10)}`,
  }));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const watch = new TurnWatch();
  const start = performance.now();
  const { passages } = await store.add(documents);
  const took = performance.now() - start;
  const measured = watch.stop();
  clearInterval(timer);
  console.log(`${passages} passages in ${took.toFixed(0)} ms; ${turnsText(measured)}`);
  // On one thread there would be a turn a batch: 8 batches.
  expect(turns).toBeGreaterThan(20);
  expect(passages).toBeGreaterThan(1000);
});
