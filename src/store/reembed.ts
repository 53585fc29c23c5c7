// All vectors of a store made again, by another embedder, while it goes on with the old ones.
import { embedPassages, modelOf } from "./embedding.ts";
import type { StoreEmbedder } from "./models.ts";
import type { ReembedOptions } from "./options.ts";
import type { VectorModel } from "./settings.ts";
import type { StoreThread } from "./thread.ts";

export async function reembed(
  thread: Pick<StoreThread, "call">,
  embedder: StoreEmbedder,
  { stateEmbedder, onProgress, signal }: ReembedOptions,
): Promise<VectorModel> {
  const model = await modelOf(embedder, stateEmbedder, signal);
  const generation = await thread.call("beginGeneration", []);
  const { passages: total } = await thread.call("stats", []);
  let last = 0;
  let done = 0;
  do {
    for (;;) {
      signal?.throwIfAborted();
      const { numbers, texts } = await thread.call("passagesAfter", [last]);
      if (numbers.length === 0) break;
      const matrix = await embedPassages(embedder, texts, signal);
      const values = [generation, model, numbers, matrix] as const;
      await thread.call("addToGeneration", [...values], [matrix.buffer]);
      last = numbers.at(-1)!;
      done += numbers.length;
      onProgress?.({ done, total: Math.max(done, total) });
    }
  } while (!(await thread.call("finishGeneration", [model, generation, last])));
  return model;
}
